import type { AccessTokenClaims } from '@auto-refresh/contracts'

/** Whole seconds of life left, never below 0. */
export function secondsLeft({ exp }: Pick<AccessTokenClaims, 'exp'>, nowMs: number): number {
  return Math.max(0, Math.floor(exp - nowMs / 1000))
}
