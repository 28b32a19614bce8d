import type { Limit } from '@auto-refresh/service-kit/config'
import type { Redis } from '@auto-refresh/service-kit/redis'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limiter } from './create-bounded-limiter.ts'

/**
 * One step counts and decides: a refused attempt leaves no trace that others could stumble over,
 * and what is given back to a window that has ended is no credit. KEYS: the counter. ARGV: change,
 * seconds, points. Every key has an end.
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
  /** tells the counters of one Redis apart; stands in its keys */
  name: string
  limit: Limit
  /** keyed: who reads Redis learns no user name and no address */
  hashKey: (key: string) => string
}>

/** Counts in Redis, for all replicas. Throws when Redis does not answer. */
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
