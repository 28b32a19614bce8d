import type { CheckAccessToken, VerifyAccessToken } from '../../ports/access-tokens.ts'
import type { RoleChanges } from '../../ports/known-users.ts'
import type { Revocations } from '../../ports/revocations.ts'

type CheckAccessTokenDeps = Readonly<{
  verify: VerifyAccessToken
  revocations: Pick<Revocations, 'isRevoked'>
  roleChanges: Pick<RoleChanges, 'isStale'>
}>

/**
 * Checks an access token, then the revocation list and the role changes. A revoked and expired
 * token counts as revoked. A token with a role from before a change counts as expired.
 */
export function createCheckAccessToken(deps: CheckAccessTokenDeps): CheckAccessToken {
  const { verify, revocations, roleChanges } = deps
  return async (token) => {
    if (token === undefined) return { outcome: 'missing' }
    const verified = await verify(token)
    if (!('claims' in verified)) return verified
    const { claims } = verified
    if (revocations.isRevoked(claims.sid)) return { outcome: 'revoked', claims }
    return roleChanges.isStale(claims) ? { outcome: 'expired', claims } : verified
  }
}
