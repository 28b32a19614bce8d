import { setTimeout as delay } from 'node:timers/promises'
import { noTracing, type Tracing } from '@auto-refresh/contracts'
import type { EachBatchPayload } from '../open-kafka.ts'
import type { EventSubscriber, Subscription } from '../ports.ts'
import { createBatchConsumer } from './create-batch-consumer.ts'
import { createCommits, type Commits } from './create-commits.ts'
import { createLagCount } from './create-lag-count.ts'
import { createLazyProducer } from './create-lazy-producer.ts'
import { createQuietLog } from './create-quiet-log.ts'
import { runMember } from './run-member.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

export type KafkaSubscriberDeps = {
  settings: KafkaSettings
  log: KafkaLog
  /** Called when a group gets no more events in this process: the process must exit. */
  onDead: (dead: { group: string; error: unknown }) => void
  /** Called when an event of the topic was sent to its dead-letter topic. */
  onDeadLetter?: (topic: string) => void
  /** Called with the number of unhandled events of the topic in the partitions of this member. */
  onLag?: (of: { group: string; topic: string }, events: number) => void
  /** milliseconds for which a partition is paused after its handler failed */
  retryMs?: number
  tracing?: Tracing
}

/**
 * Subscribes to topics as a member of consumer groups. `subscribe` returns at once; if Kafka is
 * unavailable or a topic does not exist yet, the member joins later. Temporary errors are retried
 * for ever, any other error is passed to `onDead`.
 */
export function createKafkaSubscriber({
  settings,
  log,
  onDead,
  onDeadLetter = () => {},
  onLag = () => {},
  retryMs = 1000,
  tracing = noTracing,
}: KafkaSubscriberDeps): EventSubscriber & { close(): Promise<void> } {
  const quiet = createQuietLog(log)
  const producer = createLazyProducer(settings, quiet)
  const subscriptions = new Set<Subscription>()

  async function keepMember(member: {
    group: string
    topics: readonly string[]
    createEachBatch: (commits: Commits) => (payload: EachBatchPayload) => Promise<void>
    onJoin: () => void
    closing: AbortSignal
  }): Promise<void> {
    const { group, closing } = member
    while (!closing.aborted) {
      const commits = createCommits({
        onFailure: (error) =>
          quiet.warn({ group, err: error }, 'Committing offsets failed, retrying'),
      })
      const end = await runMember({
        settings,
        log: quiet,
        ...member,
        eachBatch: member.createEachBatch(commits),
        commits,
      })
      if (end.outcome === 'closed' || closing.aborted) return
      if (end.outcome === 'dead') {
        onDead({ group, error: end.error })
        return
      }
      quiet.warn({ group, err: end.error }, 'Joining the consumer group failed, retrying')
      await delay(retryMs, undefined, { signal: closing }).catch(() => {})
    }
  }

  return {
    async subscribe({ group, topics, ...handler }) {
      const closing = new AbortController()
      const lag = createLagCount((topic, events) => onLag({ group, topic }, events))
      const createEachBatch = (commits: Commits) =>
        createBatchConsumer({
          group,
          handler,
          commits,
          sendDeadLetters: producer.send,
          onDeadLetter,
          onLag: lag.set,
          retryMs,
          log: quiet,
          tracing,
        })
      const ended = keepMember({
        group,
        topics,
        createEachBatch,
        onJoin: lag.reset,
        closing: closing.signal,
      })
      const subscription: Subscription = {
        async close() {
          subscriptions.delete(subscription)
          closing.abort()
          await ended
        },
      }
      subscriptions.add(subscription)
      return subscription
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
      await producer.close()
    },
  }
}
