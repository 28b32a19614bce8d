import type { SessionStore } from './session-store.ts'

export type Lifetime = ReturnType<typeof createLifetime>

/** When the pair at hand is due and when it has expired, by its age alone. Life of unknown length ends with the first 401. */
export function createLifetime({ store, thresholdSeconds }: { store: SessionStore; thresholdSeconds: number }) {
  const leftMs = () => (store.current?.lifetimeMs ?? 0) - store.ageMs()

  /** How long until the pair is due; Infinity when there is nothing to renew. `share` (0 to 1) brings that forward by up to a tenth of the threshold. */
  function dueInMs(share = 0): number {
    const { current } = store
    if (current !== undefined && store.ageMs() === Infinity) return 0
    if (current === undefined || current.isLast === true || current.lifetimeMs <= 0) return Infinity
    // Never more than half a life: a token that is due the moment it arrives would be renewed for ever.
    return Math.max(0, leftMs() - Math.min(thresholdSeconds * 1000, current.lifetimeMs / 2) * (1 + share / 10))
  }
  return {
    dueInMs,
    leftMs: () => Math.max(0, leftMs()),
    freshness(): 'none' | 'live' | 'due' | 'expired' {
      const { current } = store
      if (current === undefined) return 'none'
      if (current.lifetimeMs > 0 && store.ageMs() < Infinity && leftMs() <= 0) return 'expired'
      return dueInMs() > 0 ? 'live' : 'due'
    },
  }
}
