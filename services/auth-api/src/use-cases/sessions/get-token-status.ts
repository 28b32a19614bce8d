import { CodedError } from '@auto-refresh/contracts'
import { secondsLeft } from '../../domain/seconds-left.ts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { IsDue } from '../../ports/refresh.ts'
import type { Clock } from '../../ports/runtime.ts'

type TokenStatus = Readonly<{
  valid: boolean
  needsRefresh: boolean
  /** whole seconds, never below 0 */
  secondsLeft: number
  expiresAtMs: number
  username?: string
  role?: string
  reason?: 'expired' | 'revoked'
}>
export type GetTokenStatus = (request: { accessToken: string | undefined }) => Promise<TokenStatus>
type GetTokenStatusDeps = Readonly<{
  checkAccessToken: CheckAccessToken
  isDue: IsDue
  clock: Clock
}>

/**
 * Returns the state of an access token. Throws `CodedError` access_token_missing or
 * access_token_invalid.
 */
export function createGetTokenStatus({
  checkAccessToken,
  isDue,
  clock,
}: GetTokenStatusDeps): GetTokenStatus {
  return async ({ accessToken }) => {
    const check = await checkAccessToken(accessToken)
    if (check.outcome === 'retired') {
      return {
        valid: false,
        needsRefresh: true,
        secondsLeft: 0,
        expiresAtMs: clock.nowMs(),
        reason: 'expired',
      }
    }
    if (!('claims' in check)) throw new CodedError(`access_token_${check.outcome}`)
    const { outcome, claims } = check
    // A changed role ends a token before its `exp`.
    const endSeconds =
      outcome === 'expired' ? Math.min(claims.exp, Math.floor(clock.nowMs() / 1000)) : claims.exp
    const times = {
      secondsLeft: secondsLeft({ exp: endSeconds }, clock.nowMs()),
      expiresAtMs: endSeconds * 1000,
    }
    if (outcome === 'valid') {
      return {
        valid: true,
        needsRefresh: isDue(claims),
        ...times,
        username: claims.username,
        role: claims.role,
      }
    }
    return { valid: false, needsRefresh: outcome === 'expired', ...times, reason: outcome }
  }
}
