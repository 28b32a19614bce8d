import type { Limit } from '@auto-refresh/config'
import type { CreateRepeating, Log } from '../../ports.ts'
import type { Limiter } from './create-bounded-limiter.ts'
import { createBreaker } from './create-breaker.ts'
import { createRedisClient } from './create-redis-client.ts'
import { createRedisCounter, type RedisCounterDeps } from './create-redis-counter.ts'
import { createSharedLimiter } from './create-shared-limiter.ts'

const PROBE_MS = 250
const PROBE_LIMIT: Limit = { points: 1_000_000, seconds: 1 }

export type RedisLimitsDeps = Readonly<{ url: string; hashKey: RedisCounterDeps['hashKey']; createRepeating: CreateRepeating; log: Log }>
export type RedisLimits = ReturnType<typeof createRedisLimits>

/**
 * Limits that all replicas share through Redis, which may be gone, slow or hung at any time: one call waits 50 ms, those after
 * it not at all, until a probe is answered again. `start` does not wait for Redis.
 */
export function createRedisLimits({ url, hashKey, createRepeating, log }: RedisLimitsDeps) {
  const breaker = createBreaker({
    onOpen: (error) => log.warn({ reason: toReason(error) }, 'Redis does not answer; every process counts its limits alone'),
    onClose: () => log.info({}, 'Redis answers; the limits are shared'),
  })
  const client = createRedisClient({ url, onError: (error) => breaker.open(error) })
  const createCounter = (name: string, limit: Limit) => createRedisCounter({ client, name, limit, hashKey })

  // it does what a call would do: a Redis that answers pings and takes no writes is no help
  const probed = createCounter('probe', PROBE_LIMIT)
  const probe = () => breaker.probe(() => probed.take('probe'))
  const probing = createRepeating({ everyMs: PROBE_MS, run: probe, onError: (error) => breaker.open(error) })

  return {
    isShared: () => breaker.isClosed(),
    /** `local` counts what this process lets through, and alone while Redis does not answer. */
    share: ({ name, limit, local }: { name: string; limit: Limit; local: Limiter }): Limiter =>
      createSharedLimiter({ local, shared: createCounter(name, limit), breaker }),
    start(): void {
      client.on('ready', () => void probe())
      client.connect().catch((error: unknown) => breaker.open(error))
      probing.start()
    },
    async stop(): Promise<void> {
      await probing.stop()
      if (client.status === 'ready') await client.quit().catch(() => {})
      client.disconnect()
    },
  }
}

/** Its words alone: the error holds the command that failed, and that may be the one with the password. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
