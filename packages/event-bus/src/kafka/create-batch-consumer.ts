import { setTimeout as delay } from 'node:timers/promises'
import type { AnyEvent, Tracing } from '@auto-refresh/contracts'
import type { EachBatchPayload, KafkaMessage, Message } from '../open-kafka.ts'
import { toProcess, type Handler } from '../to-process.ts'
import type { Commits } from './create-commits.ts'
import { createHandleParts } from './create-handle-parts.ts'
import { decodeEvent } from './decode-event.ts'
import { toDeadLetter, toDeadLetterTopic } from './to-dead-letter.ts'
import type { KafkaLog } from './settings.ts'

const MAX_AT_ONCE = 200
/**
 * A broker answers a fetch at the first event, often the one of the first partition of a publish.
 * After this pause the next fetch has the rest of it, and the publishes of several relays. It is
 * short, because a relay has already gathered the events for 40 ms, and consumers must get them
 * within 100 ms.
 */
const FETCH_MS = 10

type BatchConsumerDeps = {
  group: string
  handler: Handler
  commits: Pick<Commits, 'add'>
  sendDeadLetters: (topic: string, messages: readonly Message[]) => Promise<void>
  onDeadLetter: (topic: string) => void
  /** called with the number of events of the partition that are not yet handled */
  onLag: (at: { topic: string; partition: number }, events: number) => void
  retryMs: number
  /** milliseconds from the start of handling to the next fetch, if no more events wait */
  fetchMs?: number
  log: KafkaLog
  tracing: Tracing
}

/**
 * Returns kafkajs's `eachBatch` for one consumer. It passes the events of one partition to the
 * handler in small parts, together with those of the other partitions of the same fetch, and passes
 * the offset of each handled part to `commits`. If the handler fails, for example because its
 * database is unavailable, the partition is paused for `retryMs` and fetched again from there; other
 * partitions continue. Throws only errors for kafkajs: a rebalance or a lost broker.
 */
export function createBatchConsumer({
  group,
  handler,
  commits,
  sendDeadLetters,
  onDeadLetter,
  onLag,
  retryMs,
  fetchMs = FETCH_MS,
  log,
  tracing,
}: BatchConsumerDeps) {
  const handleParts = createHandleParts(toProcess({ handler, group, system: 'kafka', tracing }))
  const atOnce = 'handle' in handler ? 1 : MAX_AT_ONCE

  async function take(
    messages: readonly KafkaMessage[],
    { batch: { topic, partition }, heartbeat }: Pick<EachBatchPayload, 'batch' | 'heartbeat'>,
  ): Promise<void> {
    const events: AnyEvent[] = []
    const letters: Message[] = []
    for (const message of messages) {
      const decoded = decodeEvent(message)
      if (decoded.outcome === 'decoded') events.push(decoded.event)
      else letters.push(toDeadLetter({ message, reason: decoded.reason, topic, partition, group }))
    }
    if (events.length > 0) await handleParts({ events, topic, partition, heartbeat })
    // After handling, so that the retries of a failing handler do not fill the dead-letter topic.
    await sendDeadLetters(toDeadLetterTopic(topic), letters)
    for (const { headers } of letters) {
      onDeadLetter(topic)
      log.warn(
        {
          group,
          topic,
          partition,
          offset: headers?.['dlq_offset'],
          reason: headers?.['dlq_reason'],
        },
        'Event decoding failed: sent to the dead-letter topic',
      )
    }
  }

  return async function consumeBatch({
    batch,
    pause,
    resolveOffset,
    heartbeat,
    commitOffsetsIfNecessary,
    isRunning,
    isStale,
  }: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = batch
    const startedMs = performance.now()
    let uncommitted = 0
    let next = messages[0]?.offset ?? batch.highWatermark
    const reportLag = () =>
      onLag({ topic, partition }, Number(BigInt(batch.highWatermark) - BigInt(next)))
    reportLag()

    async function commit(): Promise<void> {
      if (uncommitted === 0) return
      uncommitted = 0
      await commits.add({ topic, partition, offset: next, send: commitOffsetsIfNecessary })
    }

    try {
      for (let at = 0; at < messages.length && isRunning() && !isStale(); at += atOnce) {
        const part = messages.slice(at, at + atOnce)
        try {
          await take(part, { batch, heartbeat })
        } catch (error) {
          log.warn({ group, topic, partition, err: error }, 'Event handling failed, retrying')
          setTimeout(pause(), retryMs).unref()
          break
        }
        const last = part.at(-1)?.offset ?? ''
        resolveOffset(last)
        next = String(BigInt(last) + 1n)
        uncommitted += part.length
        if (uncommitted >= MAX_AT_ONCE) await commit()
        await heartbeat()
      }
    } finally {
      reportLag()
      await commit()
    }
    if (next === batch.highWatermark && isRunning())
      await delay(Math.max(0, startedMs + fetchMs - performance.now()))
  }
}
