import type { AccessTokenClaims } from '@auto-refresh/contracts'

/**
 * Whether an access token is due for a refresh: it expires within the threshold, and the session
 * outlives it. At the end of a session no token is due.
 */
export function isDue(
  { exp, session_exp: sessionExp }: Pick<AccessTokenClaims, 'exp' | 'session_exp'>,
  { nowMs, thresholdSeconds }: { nowMs: number; thresholdSeconds: number },
): boolean {
  return exp * 1000 - nowMs <= thresholdSeconds * 1000 && sessionExp > exp
}
