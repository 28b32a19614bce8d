import type { Redis } from 'ioredis'
import { repeat } from '@auto-refresh/service-kit/timing'
import { createBreaker } from './create-breaker.ts'
import { createRedisClient } from './create-redis-client.ts'

export type { Redis } from 'ioredis'

const PROBE_MS = 250

type GuardedRedisDeps = Readonly<{
  url: string
  /** the name of the connection in Redis's client list */
  name: string
  /** a command like those of real calls: a Redis that answers pings but rejects writes is down */
  probe: (client: Redis) => Promise<unknown>
  onUnavailable: (reason: string) => void
  onRecovered: () => void
  /** deadline of a call, in milliseconds; 50 by default */
  answerMs?: number | undefined
}>
export type GuardedRedis = ReturnType<typeof createGuardedRedis>

/**
 * A Redis client behind a circuit breaker, for data that may be lost. If Redis is down, slow or
 * hangs, one call waits 50 ms and later ones not at all, until a probe succeeds. `start` does not
 * wait for Redis.
 */
export function createGuardedRedis({
  url,
  name,
  probe,
  onUnavailable,
  onRecovered,
  answerMs,
}: GuardedRedisDeps) {
  const breaker = createBreaker({
    onOpen: (error) => onUnavailable(toReason(error)),
    onClose: onRecovered,
  })
  const client = createRedisClient({ url, name, onError: (error) => breaker.open(error), answerMs })
  const probing = repeat({
    everyMs: PROBE_MS,
    run: () => breaker.probe(selectAndProbe),
    onError: () => {},
  })
  let isOpen = false

  /** After a failed SELECT ioredis stays in database 0: the breaker stays open until one succeeds. */
  async function selectAndProbe(): Promise<void> {
    const { db = 0 } = client.options
    if (db !== 0) await client.select(db)
    await probe(client)
  }

  return {
    client,
    /** Resolves to the result, or `undefined` if Redis is unavailable. */
    ask: breaker.ask,
    isAvailable: breaker.isClosed,
    start(): void {
      isOpen = true
      client.on('ready', () => void breaker.probe(selectAndProbe))
      // The next connection has not selected its database yet.
      client.on('close', () => {
        if (isOpen) breaker.open(new Error('Connection closed'))
      })
      client.connect().catch((error: unknown) => breaker.open(error))
      probing.start()
    },
    async stop(): Promise<void> {
      isOpen = false
      await probing.stop()
      if (client.status === 'ready') await client.quit().catch(() => {})
      client.disconnect()
    },
  }
}

/** Returns only the message: the error also contains the command, perhaps with the password. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
