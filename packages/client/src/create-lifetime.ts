import type { Session } from './session.ts'

type Deps = {
  current: () => Session | undefined
  ageMs: () => number
  thresholdMs: number
  cookies: boolean
}

/**
 * Decides by the age of the current pair when it is due and when it has expired. A pair of unknown
 * lifetime expires with the first 401.
 */
export function createLifetime({ current, ageMs, thresholdMs, cookies }: Deps) {
  const leftMs = () => Math.max(0, (current()?.lifetimeMs ?? 0) - ageMs())

  /**
   * Milliseconds until the pair is due; Infinity if it cannot be refreshed. `share` (0 to 1) brings
   * that forward by up to a tenth of the threshold.
   */
  function dueInMs(share = 0): number {
    const { lifetimeMs = 0, isLast = false, refreshToken = cookies } = current() ?? {}
    if (refreshToken === false) return Infinity
    if (ageMs() === Infinity) return 0
    // At most half of the lifetime: a token that is due on arrival would be refreshed in a loop.
    return lifetimeMs > 0 && !isLast
      ? Math.max(0, leftMs() - Math.min(thresholdMs, lifetimeMs / 2) * (1 + share / 10))
      : Infinity
  }
  function status(): 'none' | 'live' | 'due' | 'expired' {
    const session = current()
    if (session === undefined) return 'none'
    if (session.lifetimeMs > 0 && ageMs() < Infinity && leftMs() === 0) return 'expired'
    return dueInMs() > 0 ? 'live' : 'due'
  }
  return { dueInMs, leftMs, status }
}
