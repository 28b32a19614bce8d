import {
  CodedError,
  MAX_REFRESH_TOKEN_LENGTH,
  type AccessTokenClaims,
  type PeekResult,
  type StoredSession,
  type TokenStore,
} from '@auto-refresh/contracts'
import { checkSessionUser } from '../../domain/check-session-user.ts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { KnownUsers, UserState } from '../../ports/known-users.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { Revocations } from '../../ports/revocations.ts'
import { toRotateRequest } from '../refresh/refresh.ts'

export type Introspection =
  | { outcome: 'access_token'; claims: AccessTokenClaims }
  | { outcome: 'refresh_token'; session: StoredSession; user: UserState }
  | { outcome: 'inactive' }
export type Introspect = (request: {
  token: string
  /** whether the caller also asks about refresh tokens; otherwise each of them is inactive */
  mayBeRefreshToken: boolean
  /** the caller's */
  context: RequestContext
}) => Promise<Introspection>

type IntrospectDeps = Readonly<{
  checkAccessToken: CheckAccessToken
  tokenStore: Pick<TokenStore, 'peek' | 'inspect'>
  knownUsers: Pick<KnownUsers, 'find'>
  revocations: Pick<Revocations, 'isRevoked'>
  accessTtlSeconds: number
}>

const INACTIVE: Introspection = { outcome: 'inactive' }

/**
 * Returns whether a token works now. Changes nothing and raises no alarm, for a refresh token of any
 * generation; a superseded one is active only while a refresh would accept it. Throws
 * `CodedError('unavailable')`.
 *
 * A gateway must ask about access tokens only. Otherwise it would accept a refresh token in the
 * place of an access token, and a thief could use it without the refresh that reveals the theft.
 */
export function createIntrospect({
  checkAccessToken,
  tokenStore,
  knownUsers,
  revocations,
  accessTtlSeconds,
}: IntrospectDeps): Introspect {
  return async ({ token, mayBeRefreshToken, context }) => {
    const check = await checkAccessToken(token)
    if (check.outcome === 'valid') return { outcome: 'access_token', claims: check.claims }
    if ('claims' in check || !mayBeRefreshToken) return INACTIVE
    // A longer one is not ours, but token-store could not say so: we would seem unavailable.
    const session = await findSession(token.slice(0, MAX_REFRESH_TOKEN_LENGTH), context)
    if (session === undefined || revocations.isRevoked(session.id)) return INACTIVE
    const known = checkSessionUser(await knownUsers.find(session.userId), session)
    return known.outcome === 'active'
      ? { outcome: 'refresh_token', session, user: known.user }
      : INACTIVE
  }

  async function findSession(
    refreshToken: string,
    context: RequestContext,
  ): Promise<StoredSession | undefined> {
    const peeked = await tokenStore.peek(
      toRotateRequest({ refreshToken, context }, accessTtlSeconds),
    )
    if ('session' in peeked) return peeked.session
    if (isOurFailure(peeked)) throw new CodedError('unavailable')
    if (peeked.outcome !== 'rate_limited') return undefined
    // token-store limits only tokens that it would otherwise accept.
    const found = await tokenStore.inspect({ token: refreshToken })
    return found.outcome === 'found' && found.active ? found.session : undefined
  }
}

const isOurFailure = ({ outcome }: PeekResult) =>
  outcome === 'unknown_kid' || outcome === 'unknown_session'
