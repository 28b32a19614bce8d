import { randomUUID } from 'node:crypto'
import type { AnyEvent } from '@auto-refresh/contracts'
import { openKafka } from '../open-kafka.ts'
import { decodeEvent } from './decode-event.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

/**
 * Reads topics without a consumer group, to watch events or to recover from them. `everything` reads
 * from the oldest event to the newest at the time of the call, and resolves. `from now` reads new
 * events until `signal` aborts. Undecodable messages are skipped.
 */
export async function readTopics({
  settings,
  log,
  topics,
  which,
  onEvent,
  signal,
}: {
  settings: KafkaSettings
  log: KafkaLog
  topics: readonly string[]
  which: 'everything' | 'from now'
  onEvent: (
    event: AnyEvent,
    at: { topic: string; partition: number; offset: string },
  ) => Promise<void> | void
  signal?: AbortSignal
}): Promise<void> {
  const kafka = openKafka(settings, log, { retries: 10 })
  const unread = which === 'everything' ? await findEnds(kafka, topics) : new Map<string, bigint>()
  if (which === 'everything' && unread.size === 0) return

  const done = Promise.withResolvers<void>()
  signal?.addEventListener('abort', () => done.resolve())
  const consumer = kafka.consumer({
    groupId: `reader-${randomUUID()}`,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 250,
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => done.reject(payload.error))
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: which === 'everything' })
    await consumer.run({
      autoCommit: false,
      async eachMessage({ topic, partition, message }) {
        const decoded = decodeEvent(message)
        if (decoded.outcome === 'decoded')
          await onEvent(decoded.event, { topic, partition, offset: message.offset })
        const end = unread.get(`${topic}/${partition}`)
        if (end === undefined || BigInt(message.offset) + 1n < end) return
        unread.delete(`${topic}/${partition}`)
        if (which === 'everything' && unread.size === 0) done.resolve()
      },
    })
    await done.promise
  } finally {
    await consumer.disconnect()
  }
}

/** The offset after the last event of each partition that has events. */
async function findEnds(
  kafka: ReturnType<typeof openKafka>,
  topics: readonly string[],
): Promise<Map<string, bigint>> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const ends = new Map<string, bigint>()
    for (const topic of topics) {
      for (const { partition, high, low } of await admin.fetchTopicOffsets(topic))
        if (BigInt(high) > BigInt(low)) ends.set(`${topic}/${partition}`, BigInt(high))
    }
    return ends
  } finally {
    await admin.disconnect()
  }
}
