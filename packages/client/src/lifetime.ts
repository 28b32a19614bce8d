import { readAccessToken, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

export type Freshness = 'none' | 'live' | 'due' | 'expired'
export type Lifetime = ReturnType<typeof createLifetime>

/** When the pair at hand is due and when it has expired, by its age alone. Life of unknown length ends with the first 401. */
export function createLifetime({ store, thresholdSeconds }: { store: SessionStore; thresholdSeconds: number }) {
  const leftMs = ({ lifetimeMs }: Session) => lifetimeMs - store.ageMs()
  // Never more than half a life: a token that is due the moment it arrives would be renewed for ever.
  const thresholdMs = ({ lifetimeMs }: Session) => Math.min(thresholdSeconds * 1000, lifetimeMs / 2)

  return {
    freshness(): Freshness {
      const session = store.current
      if (session === undefined) return 'none'
      if (session.accessToken === '') return 'expired'
      if (store.isUndated()) return 'due'
      if (session.lifetimeMs === 0) return 'live'
      const left = leftMs(session)
      if (left <= 0) return 'expired'
      return left <= thresholdMs(session) && !readAccessToken(session.accessToken).isLast ? 'due' : 'live'
    },
    leftMs: () => (store.current === undefined ? 0 : Math.max(0, leftMs(store.current))),
    /** How long until the pair should be renewed; undefined when there is nothing to renew. `share` (0 to 1) brings it forward by up to a tenth of the threshold. */
    renewInMs(share: number): number | undefined {
      const session = store.current
      if (session === undefined) return undefined
      if (session.accessToken === '' || store.isUndated()) return 0
      if (session.lifetimeMs === 0 || readAccessToken(session.accessToken).isLast) return undefined
      return Math.max(0, leftMs(session) - thresholdMs(session) * (1 + share / 10))
    },
  }
}
