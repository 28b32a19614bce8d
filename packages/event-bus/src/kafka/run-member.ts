import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { openKafka, type EachBatchPayload } from '../open-kafka.ts'
import { isRetriable } from './is-retriable.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

/**
 * A minute of trying outlasts a broker's restart. A new member would have to wait until the session
 * of the old one is over.
 */
const PATIENCE = 60
/** Containers get 20 s to stop in. */
const LEAVE_MS = 8000

type MemberEnd = { outcome: 'closed' } | { outcome: 'lost' | 'dead'; error: unknown }

/**
 * One life of a member of a group: joins, consumes, and leaves when `closing` is aborted, after
 * what it has in hand and at most 8 s later: what is not acknowledged comes again. kafkajs may not
 * start a consumer again by itself, because a second life of the same object can share partitions
 * with the first (#1122): `lost` asks for a new member, `dead` says that none would fare better.
 */
export async function runMember({
  settings,
  log,
  group,
  topics,
  eachBatch,
  onJoin,
  closing,
}: {
  settings: KafkaSettings
  log: KafkaLog
  group: string
  topics: readonly string[]
  eachBatch: (payload: EachBatchPayload) => Promise<void>
  /** the partitions have been dealt out anew */
  onJoin: () => void
  closing: AbortSignal
}): Promise<MemberEnd> {
  const consumer = openKafka(settings, log, { retries: PATIENCE }).consumer({
    groupId: group,
    sessionTimeout: 30_000,
    heartbeatInterval: 3000,
    rebalanceTimeout: 60_000,
    maxWaitTimeInMs: 250,
    maxBytesPerPartition: 262_144,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    retry: { retries: PATIENCE, restartOnFailure: async () => false },
  })
  const crashed = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) reject(payload.error)
    })
  })

  consumer.on(consumer.events.GROUP_JOIN, onJoin)

  async function consume(): Promise<void> {
    await consumer.connect()
    if (closing.aborted) return
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    if (closing.aborted) return
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch })
  }

  const leave = () =>
    consumer
      .disconnect()
      .catch((error: unknown) =>
        log.warn({ group, err: error }, 'Leaving the consumer group failed'),
      )
  const over = new AbortController()
  const consuming = consume()
  try {
    await Promise.race([
      consuming.then(() => crashed),
      crashed,
      once(closing, 'abort', { signal: over.signal }),
    ])
    return { outcome: 'closed' }
  } catch (error) {
    return { outcome: isRetriable(error) ? 'lost' : 'dead', error }
  } finally {
    over.abort()
    // Without a broker kafkajs would say goodbye for a minute. A stop does not wait for it: the
    // group notices by itself.
    const left = new AbortController()
    const stopping = closing.aborted
      ? Promise.resolve()
      : once(closing, 'abort', { signal: left.signal })
    await Promise.race([
      leave(),
      stopping.then(() => setTimeout(LEAVE_MS, undefined, { ref: false })),
    ])
    left.abort()
    // Connecting cannot be called off and is not waited for; what still arrives leaves at once.
    void consuming.catch(() => {}).then(leave)
  }
}
