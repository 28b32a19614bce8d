import type { Limit } from '@auto-refresh/service-kit/config'
import type { Redis } from '@auto-refresh/service-kit/redis'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limiter } from './create-bounded-limiter.ts'

/**
 * Counts and decides in one step: a refused attempt does not count, and a refund to a window that
 * has ended gives no credit. Every key expires. KEYS: the counter. ARGV: change, seconds, points.
 */
const COUNT = `
local change, seconds, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count = tonumber(redis.call('get', KEYS[1]) or '0') + change
if (change > 0 and count <= points) or (change < 0 and count >= 0) then
  redis.call('set', KEYS[1], '0', 'EX', seconds, 'NX')
  redis.call('incrby', KEYS[1], change)
end
local left = redis.call('pttl', KEYS[1])
if left == -1 then
  redis.call('expire', KEYS[1], seconds)
  left = seconds * 1000
end
return { count, left }
`

export type RedisCounterDeps = Readonly<{
  client: Redis
  /** part of the keys in Redis */
  name: string
  limit: Limit
  /** a keyed hash: Redis holds no user names and no addresses */
  hashKey: (key: string) => string
}>

/** Creates a limiter in Redis that all replicas share. It throws while Redis is unavailable. */
export function createRedisCounter({ client, name, limit, hashKey }: RedisCounterDeps): Limiter {
  const counter = new RateLimiterRedis({
    storeClient: client,
    keyPrefix: `auth:limit:${name}`,
    points: limit.points,
    duration: limit.seconds,
    customIncrTtlLuaScript: COUNT,
  })
  const toKey = (key: string) => hashKey(`limit ${name} ${key}`)

  return {
    async take(key) {
      try {
        await counter.consume(toKey(key))
        return { allowed: true }
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused
        return {
          allowed: false,
          retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
        }
      }
    },
    async refund(key) {
      await counter.reward(toKey(key))
    },
  }
}
