import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import { isRecentSignIn } from '../../domain/access-token-claims.ts'
import { checkSessionUser } from '../../domain/check-session-user.ts'
import { ADMIN_ROLE, AUDITOR_ROLE } from '../../domain/role.ts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { Users } from '../../ports/users.ts'

/** What a call of the administration API needs. */
export type AdminAccess = 'read' | 'write'

/**
 * Calls `onIdentified` for a token with a valid signature, also before a refusal. Throws a
 * `CodedError` for a refusal.
 */
export type CheckAdministrator = (
  token: string | undefined,
  needed: AdminAccess,
  onIdentified: (who: { userId: string; sessionId: string }) => void,
) => Promise<void>

type CheckAdministratorDeps = Readonly<{
  checkAccessToken: CheckAccessToken
  users: Pick<Users, 'findByIds'>
  tokenStore: Pick<TokenStore, 'inspect'>
  clock: Clock
}>

/**
 * Checks the access token of an administrator more strictly than elsewhere. The database decides
 * about role and state, not the token or the memory of this process. A write needs a recent sign-in,
 * because a stolen token must not be enough. For a write token-store decides about the session, not
 * the revocation list, which may be two seconds late; the version of the user shows a revocation
 * that token-store has not got yet.
 */
export function createCheckAdministrator({
  checkAccessToken,
  users,
  tokenStore,
  clock,
}: CheckAdministratorDeps): CheckAdministrator {
  return async (token, needed, onIdentified) => {
    const access = await checkAccessToken(token)
    if ('claims' in access)
      onIdentified({ userId: access.claims.sub, sessionId: access.claims.sid })
    if (access.outcome === 'retired') throw new CodedError('access_token_expired')
    if (access.outcome !== 'valid') throw new CodedError(`access_token_${access.outcome}`)
    const { sub, sid } = access.claims
    const [user] = await users.findByIds([sub])
    if (user?.active !== true) throw new CodedError('user_inactive')
    const roles = needed === 'read' ? [AUDITOR_ROLE, ADMIN_ROLE] : [ADMIN_ROLE]
    if (!roles.includes(user.role))
      throw new CodedError('forbidden', { detail: `This needs the role ${roles.join(' or ')}` })
    if (needed === 'write') {
      if (!isRecentSignIn(access.claims, clock.nowMs()))
        throw new CodedError('recent_sign_in_required')
      const found = await tokenStore.inspect({ sessionId: sid })
      if (found.outcome !== 'found' || !found.active || found.session.userId !== sub)
        throw new CodedError('access_token_revoked')
      if (checkSessionUser(user, found.session).outcome !== 'active')
        throw new CodedError('access_token_revoked')
    }
  }
}
