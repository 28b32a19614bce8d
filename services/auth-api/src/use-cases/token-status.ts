import { CodedError } from '@auto-refresh/contracts'
import { decideDue, secondsLeft } from '../domain/due.ts'
import type { CheckAccessToken, Clock } from '../ports.ts'

export type TokenStatus = Readonly<{
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
export type GetTokenStatusDeps = Readonly<{ checkAccessToken: CheckAccessToken; clock: Clock; dueThresholdSeconds: number }>

/** How an access token stands. Throws `CodedError` access_token_missing or access_token_invalid. */
export function createGetTokenStatus({ checkAccessToken, clock, dueThresholdSeconds }: GetTokenStatusDeps): GetTokenStatus {
  return async ({ accessToken }) => {
    const check = await checkAccessToken(accessToken)
    if (!('claims' in check)) throw new CodedError(check.outcome === 'missing' ? 'access_token_missing' : 'access_token_invalid')
    const { outcome, claims } = check
    const nowMs = clock.nowMs()
    const times = { secondsLeft: secondsLeft(claims, nowMs), expiresAtMs: claims.exp * 1000 }
    if (outcome === 'valid') {
      return { valid: true, needsRefresh: decideDue(claims, nowMs, dueThresholdSeconds), ...times, username: claims.username, role: claims.role }
    }
    return { valid: false, needsRefresh: outcome === 'expired', ...times, reason: outcome }
  }
}
