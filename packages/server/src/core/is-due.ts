import type { AccessTokenClaims } from '@auto-refresh/contracts'

/**
 * Time to renew: little life is left, and the session outlives the token. At a session's end
 * nothing is due any more.
 */
export function isDue(
  { exp, session_exp: sessionExp }: Pick<AccessTokenClaims, 'exp' | 'session_exp'>,
  { nowMs, thresholdSeconds }: { nowMs: number; thresholdSeconds: number },
): boolean {
  return exp * 1000 - nowMs <= thresholdSeconds * 1000 && sessionExp > exp
}
