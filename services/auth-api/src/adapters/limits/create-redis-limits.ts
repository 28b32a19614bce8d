import type { Limit } from '@auto-refresh/service-kit/config'
import { createGuardedRedis } from '@auto-refresh/service-kit/redis'
import type { Log } from '../../ports/telemetry.ts'
import type { Limiter } from './create-bounded-limiter.ts'
import { createRedisCounter, type RedisCounterDeps } from './create-redis-counter.ts'
import { createSharedLimiter } from './create-shared-limiter.ts'

const PROBE_LIMIT: Limit = { points: 1_000_000, seconds: 1 }

type RedisLimitsDeps = Readonly<{
  url: string
  hashKey: RedisCounterDeps['hashKey']
  log: Log
  /** how long to wait for Redis; default 50 ms */
  answerMs?: number | undefined
}>

/**
 * Creates limits that all replicas share through Redis. While Redis is unavailable, each process
 * counts alone. `start` does not wait for Redis.
 */
export function createRedisLimits({ url, hashKey, log, answerMs }: RedisLimitsDeps) {
  const redis = createGuardedRedis({
    url,
    name: 'auth-api',
    answerMs,
    probe: () => probed.take('probe'),
    onUnavailable: (reason) =>
      log.warn({ reason }, 'Redis unavailable: rate limits are counted per process'),
    onRecovered: () => log.info({}, 'Redis recovered: rate limits are shared'),
  })
  const createCounter = (name: string, limit: Limit) =>
    createRedisCounter({ client: redis.client, name, limit, hashKey })
  const probed = createCounter('probe', PROBE_LIMIT)

  return {
    isShared: redis.isAvailable,
    /** `local` counts the attempts of this process, and decides while Redis is unavailable. */
    share: ({ name, limit, local }: { name: string; limit: Limit; local: Limiter }): Limiter =>
      createSharedLimiter({ local, shared: createCounter(name, limit), breaker: redis }),
    start: redis.start,
    stop: redis.stop,
  }
}
