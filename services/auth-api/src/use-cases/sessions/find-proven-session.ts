import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { LimitEnded, LimitRefused } from '../refresh/limit-refused.ts'

/**
 * Proves a session: an authentic access token (even expired or revoked), or else a refresh token of
 * any generation.
 */
export type SessionProof = Readonly<{
  accessToken?: string | undefined
  refreshToken?: string | undefined
  context: RequestContext
}>

export type ProvenSession = Readonly<{
  id: string
  userId: string
  userVersion: number
  active: boolean
}>
/** Returns `undefined` when the session is proven but has been deleted. */
export type FindProvenSession = (proof: SessionProof) => Promise<ProvenSession | undefined>

type FindProvenSessionDeps = Readonly<{
  checkAccessToken: CheckAccessToken
  tokenStore: Pick<TokenStore, 'inspect'>
  limitRefused: LimitRefused
  limitEnded: LimitEnded
}>

/**
 * Finds the session that a caller may end; an expired or revoked token proves it too. Changes
 * nothing and raises no alarm. Throws `CodedError` access_token_missing, access_token_invalid,
 * access_token_expired, refresh_token_invalid, rate_limited or unavailable.
 */
export function createFindProvenSession({
  checkAccessToken,
  tokenStore,
  limitRefused,
  limitEnded,
}: FindProvenSessionDeps): FindProvenSession {
  return async ({ accessToken, refreshToken, context }) => {
    const check = await checkAccessToken(accessToken)
    if ('claims' in check) return inspect({ sessionId: check.claims.sid }, context)
    if (refreshToken !== undefined) return inspect({ token: refreshToken }, context)
    throw new CodedError(
      check.outcome === 'retired' ? 'access_token_expired' : `access_token_${check.outcome}`,
    )
  }

  async function inspect(
    by: { sessionId: string } | { token: string },
    { block }: RequestContext,
  ): Promise<ProvenSession | undefined> {
    const found = await tokenStore.inspect(by)
    switch (found.outcome) {
      case 'found': {
        const limited = found.active
          ? undefined
          : await limitEnded({ sessionId: found.session.id, block })
        if (limited !== undefined)
          throw new CodedError('rate_limited', { retryAfterSeconds: limited.retryAfterSeconds })
        const { id, userId, userVersion } = found.session
        return { id, userId, userVersion, active: found.active }
      }
      case 'not_found':
        return undefined
      case 'unknown_kid':
        throw new CodedError('unavailable')
      case 'invalid': {
        const limited = await limitRefused(block)
        if (limited !== undefined)
          throw new CodedError('rate_limited', { retryAfterSeconds: limited.retryAfterSeconds })
        throw new CodedError('refresh_token_invalid')
      }
      default:
        return found satisfies never
    }
  }
}
