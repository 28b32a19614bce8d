import { LOGIN_EVENTS_TOPIC, type AnyEvent, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher } from '@auto-refresh/event-bus'
import type { Clock, CreateId } from '../../ports/runtime.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'

const MAX_WAITING = 1000
const BATCH = 100
const RETRY_MS = 1000

export type EventQueueDeps = Readonly<{
  publisher: Pick<EventPublisher, 'publish'>
  metrics: Pick<Metrics, 'loginEventsDropped'>
  clock: Clock
  createId: CreateId
  log: Log
  maxWaiting?: number
  retryMs?: number
  tracing?: Pick<Tracing, 'current'>
}>
export type EventStamp = { id: string; time: string; source: string; traceparent?: string }

/**
 * Publishes events of the login topic in order, from a bounded queue. `add` returns at once; events
 * that do not fit are dropped and counted. A failed batch is sent again. `flush` sends what it can
 * without a retry and drops the rest.
 */
export function createEventQueue({
  publisher,
  metrics,
  clock,
  createId,
  log,
  maxWaiting = MAX_WAITING,
  retryMs = RETRY_MS,
  tracing,
}: EventQueueDeps) {
  const waiting: AnyEvent[] = []
  let sending: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined

  return {
    add(toEvent: (stamp: EventStamp) => AnyEvent): void {
      if (waiting.length >= maxWaiting) return metrics.loginEventsDropped(1)
      const traceparent = tracing?.current()
      waiting.push(
        toEvent({
          id: createId(),
          time: new Date(clock.nowMs()).toISOString(),
          source: 'auth-api',
          ...(traceparent !== undefined && { traceparent }),
        }),
      )
      if (retry === undefined) void send()
    },
    async flush(): Promise<void> {
      await send()
      clearTimeout(retry)
      retry = undefined
      metrics.loginEventsDropped(waiting.splice(0).length)
    },
  }

  function send(): Promise<void> {
    sending ??= drain().finally(() => {
      sending = undefined
      // An event may have been added after the last batch.
      if (waiting.length > 0 && retry === undefined) void send()
    })
    return sending
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH)
      try {
        await publisher.publish(LOGIN_EVENTS_TOPIC, batch)
      } catch (error) {
        log.warn(
          { err: error, waiting: waiting.length },
          'Publishing login events failed, retrying',
        )
        clearTimeout(retry)
        retry = setTimeout(() => {
          retry = undefined
          void send()
        }, retryMs).unref()
        return
      }
      waiting.splice(0, batch.length)
    }
  }
}
