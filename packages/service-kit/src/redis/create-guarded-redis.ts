import type { Redis } from 'ioredis'
import { repeat } from '@auto-refresh/service-kit/timing'
import { createBreaker } from './create-breaker.ts'
import { createRedisClient } from './create-redis-client.ts'

export type { Redis } from 'ioredis'

const PROBE_MS = 250

type GuardedRedisDeps = Readonly<{
  url: string
  /** who asks, in Redis's list of connections */
  name: string
  /** does what a call would do: a Redis that answers pings and takes no writes is no help */
  probe: (client: Redis) => Promise<unknown>
  onAway: (reason: string) => void
  onBack: () => void
  /** how long a call waits, where not 50 ms */
  answerMs?: number | undefined
}>
export type GuardedRedis = ReturnType<typeof createGuardedRedis>

/**
 * A Redis that may be gone, slow or hung at any time: one call waits 50 ms, those after it not at
 * all, until a probe is answered again. `start` does not wait for it. Only for what may be lost.
 */
export function createGuardedRedis({
  url,
  name,
  probe,
  onAway,
  onBack,
  answerMs,
}: GuardedRedisDeps) {
  const breaker = createBreaker({ onOpen: (error) => onAway(toReason(error)), onClose: onBack })
  const client = createRedisClient({ url, name, onError: (error) => breaker.open(error), answerMs })
  const probing = repeat({
    everyMs: PROBE_MS,
    run: () => breaker.probe(selectAndProbe),
    onError: () => {},
  })
  let isOpen = false

  /**
   * ioredis reports a SELECT that failed and stays in database 0: nothing counts there until one
   * has succeeded.
   */
  async function selectAndProbe(): Promise<void> {
    const { db = 0 } = client.options
    if (db !== 0) await client.select(db)
    await probe(client)
  }

  return {
    client,
    /** The answer; `undefined` when Redis does not give one. */
    ask: breaker.ask,
    isThere: breaker.isClosed,
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

/**
 * Its words alone: the error holds the command that failed, and that may be the one with the
 * password.
 */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
