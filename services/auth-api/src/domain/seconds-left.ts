import type { AccessTokenClaims } from '@auto-refresh/contracts'

/** Returns the whole seconds until a token expires, at least 0. `nowMs`: Unix milliseconds. */
export function secondsLeft({ exp }: Pick<AccessTokenClaims, 'exp'>, nowMs: number): number {
  return Math.max(0, Math.floor(exp - nowMs / 1000))
}
