import type { Session } from './session.ts'

type Deps = {
  current: () => Session | undefined
  ageMs: () => number
  thresholdMs: number
  cookies: boolean
}

/**
 * When the pair at hand is due and when it has expired, by its age alone. Life of unknown length
 * ends with the first 401.
 */
export function createLifetime({ current, ageMs, thresholdMs, cookies }: Deps) {
  const leftMs = () => Math.max(0, (current()?.lifetimeMs ?? 0) - ageMs())

  /**
   * How long until the pair is due; Infinity when there is nothing to renew. `share` (0 to 1)
   * brings that forward by up to a tenth of the threshold.
   */
  function dueInMs(share = 0): number {
    const { lifetimeMs = 0, isLast = false, refreshToken = cookies } = current() ?? {}
    if (refreshToken === false) return Infinity
    if (ageMs() === Infinity) return 0
    // Never more than half a life: a token that is due the moment it arrives would be renewed for
    // ever.
    return lifetimeMs > 0 && !isLast
      ? Math.max(0, leftMs() - Math.min(thresholdMs, lifetimeMs / 2) * (1 + share / 10))
      : Infinity
  }
  function freshness(): 'none' | 'live' | 'due' | 'expired' {
    const session = current()
    if (session === undefined) return 'none'
    if (session.lifetimeMs > 0 && ageMs() < Infinity && leftMs() === 0) return 'expired'
    return dueInMs() > 0 ? 'live' : 'due'
  }
  return { dueInMs, leftMs, freshness }
}
