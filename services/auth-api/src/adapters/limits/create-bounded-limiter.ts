import type { Limit } from '@auto-refresh/service-kit/config'
import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** About 20 MB at most. Beyond it the least recently used key is dropped. */
const MAX_KEYS = 100_000

export type Taken = { allowed: true } | { allowed: false; retryAfterSeconds: number }
/** Allows a number of points for each key, in a window that begins with the first point. */
export interface Limiter {
  /** Takes a point. Returns the seconds until the window ends when there is none left. */
  take(key: string): Promise<Taken>
  /** Returns a point. Does nothing when the window has ended. */
  refund(key: string): Promise<void>
}

/**
 * Creates a limiter in the memory of this process, with at most `maxKeys` keys. `off` allows all.
 */
export function createBoundedLimiter({
  limit,
  maxKeys = MAX_KEYS,
}: {
  limit: Limit | 'off'
  maxKeys?: number
}): Limiter {
  if (limit === 'off') return { take: async () => ({ allowed: true }), refund: async () => {} }
  const limiter = new RateLimiterMemory({ points: limit.points, duration: limit.seconds })
  // `max` would reserve the memory of all keys at once.
  const used = new LRUCache<string, true>({
    maxSize: maxKeys,
    sizeCalculation: () => 1,
    dispose(_, key, reason) {
      if (reason === 'evict') void limiter.delete(key)
    },
  })

  return {
    async take(key) {
      used.set(key, true)
      try {
        await limiter.consume(key)
        return { allowed: true }
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused
        // A refused attempt must not count, or a later refund would not make room for the next one.
        await limiter.reward(key)
        return {
          allowed: false,
          retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
        }
      }
    },
    async refund(key) {
      const state = await limiter.get(key)
      // A new window must not begin with a credit.
      if (state !== null && state.consumedPoints > 0) await limiter.reward(key)
    },
  }
}
