import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import { openKafka, type EachBatchPayload } from '../open-kafka.ts'
import type { Commits } from './create-commits.ts'
import { isRetriable } from './is-retriable.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

/**
 * A minute of retries outlasts the restart of a broker. A new member would have to wait until the
 * session of the old one times out.
 */
const RETRIES = 60
/** The partitions of a fetch are processed at the same time; each `eachBatch` gets one of them. */
const PARTITIONS_AT_ONCE = 64
/** Without a broker the last commit is given up after this. */
const COMMIT_MS = 1000
/** Containers get 20 s to stop. */
const LEAVE_MS = 8000

type MemberEnd = { outcome: 'closed' } | { outcome: 'lost' | 'dead'; error: unknown }

/**
 * Runs one member of a consumer group until it ends: joins, consumes, and leaves when `closing`
 * aborts, after the current events and at most 8 s later. Events that are not acknowledged are
 * delivered again. kafkajs must not restart a consumer, because a restarted one can share partitions
 * with its former self (#1122).
 *
 * @returns `closed`; `lost` if a new member may succeed; `dead` if it would fail too
 */
export async function runMember({
  settings,
  log,
  group,
  topics,
  eachBatch,
  commits,
  onJoin,
  closing,
}: {
  settings: KafkaSettings
  log: KafkaLog
  group: string
  topics: readonly string[]
  eachBatch: (payload: EachBatchPayload) => Promise<void>
  commits: Pick<Commits, 'flush' | 'reset' | 'close'>
  /** called after each rebalance */
  onJoin: () => void
  closing: AbortSignal
}): Promise<MemberEnd> {
  const consumer = openKafka(settings, log, { retries: RETRIES }).consumer({
    groupId: group,
    sessionTimeout: 30_000,
    heartbeatInterval: 3000,
    rebalanceTimeout: 60_000,
    maxWaitTimeInMs: 250,
    maxBytesPerPartition: 262_144,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    retry: { retries: RETRIES, restartOnFailure: async () => false },
  })
  const crashed = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) return
      // kafkajs has disconnected; a commit would connect again.
      commits.reset()
      reject(payload.error)
    })
  })

  // The broker takes commits until the members have joined again.
  consumer.on(consumer.events.REBALANCING, () => void commits.flush().catch(() => {}))
  consumer.on(consumer.events.GROUP_JOIN, () => {
    commits.reset()
    onJoin()
  })

  async function consume(): Promise<void> {
    await consumer.connect()
    if (closing.aborted) return
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    if (closing.aborted) return
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch,
    })
  }

  async function leave(): Promise<void> {
    await withDeadline(commits.close(), COMMIT_MS, 'Committing took too long').catch(() => {})
    await disconnect()
  }
  async function disconnect(): Promise<void> {
    await consumer
      .disconnect()
      .catch((error: unknown) =>
        log.warn({ group, err: error }, 'Leaving the consumer group failed'),
      )
  }
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
    // Without a broker kafkajs retries to leave for a minute. A stop does not wait for it: the group
    // removes the member after the session timeout.
    const left = new AbortController()
    const stopping = closing.aborted
      ? Promise.resolve()
      : once(closing, 'abort', { signal: left.signal })
    await Promise.race([
      leave(),
      stopping.then(() => setTimeout(LEAVE_MS, undefined, { ref: false })),
    ])
    left.abort()
    // Connecting cannot be cancelled; a consumer that connects later leaves at once.
    void consuming.catch(() => {}).then(disconnect)
  }
}
