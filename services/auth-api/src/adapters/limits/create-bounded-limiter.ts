import type { Limit } from '@auto-refresh/service-kit/config'
import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/**
 * About 20 MB at worst. Beyond it the key not used for longest is forgotten: whoever commands so
 * many is not held by a limit.
 */
const MAX_KEYS = 100_000

export type Taken = { allowed: true } | { allowed: false; retryAfterSeconds: number }
/** So many points a key in a window that begins with the first. */
export interface Limiter {
  take(key: string): Promise<Taken>
  refund(key: string): Promise<void>
}

/** A limiter in the memory of this process, bounded in keys. `off` allows everything. */
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
        // refused attempts do not count: what is given back later must be free for the next
        await limiter.reward(key)
        return {
          allowed: false,
          retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
        }
      }
    },
    async refund(key) {
      const state = await limiter.get(key)
      // a window that has ended meanwhile must not begin with a credit
      if (state !== null && state.consumedPoints > 0) await limiter.reward(key)
    },
  }
}
