import type { AccessTokenClaims } from '@auto-refresh/contracts'

type Times = Pick<AccessTokenClaims, 'exp' | 'session_exp'>

/** Whole seconds of life left, never below 0. */
export function secondsLeft({ exp }: Pick<Times, 'exp'>, nowMs: number): number {
  return Math.max(0, Math.floor(exp - nowMs / 1000))
}

/**
 * Whether it is time to renew: little life is left, and the session outlives the token. At a session's end nothing is due
 * any more: a renewal would give the same end.
 */
export function decideDue(claims: Times, nowMs: number, thresholdSeconds: number): boolean {
  return claims.exp - nowMs / 1000 <= thresholdSeconds && claims.session_exp > claims.exp
}
