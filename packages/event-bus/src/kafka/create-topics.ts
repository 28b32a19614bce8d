import { setTimeout as delay } from 'node:timers/promises'
import { openKafka, type Admin } from '../open-kafka.ts'
import { isRetriable } from './is-retriable.ts'
import { toDeadLetterTopic } from './to-dead-letter.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

const SEEN_DEADLINE_MS = 10_000

export type TopicState = Readonly<{ topic: string; partitions: number; created: boolean }>

/**
 * Creates missing topics, each with its dead-letter topic, and returns the state of all. Existing
 * topics are not changed: with more partitions the events of a session would move to another one.
 * Safe to repeat and to run concurrently. Throws if there are fewer brokers than replicas.
 */
export async function createTopics({
  settings,
  log,
  topics,
  partitions,
  replication,
  retentionMs,
}: {
  settings: KafkaSettings
  log: KafkaLog
  topics: readonly string[]
  partitions: number
  replication: number
  retentionMs: number
}): Promise<TopicState[]> {
  const wanted = topics.flatMap((topic) => [
    { topic, partitions },
    { topic: toDeadLetterTopic(topic), partitions: 1 },
  ])
  const admin = openKafka(settings, log).admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = wanted.filter(({ topic }) => !existing.has(topic))
    const { brokers } = await admin.describeCluster()
    if (missing.length > 0 && brokers.length < replication)
      throw new Error(toTooFewBrokers(replication, brokers.length))
    // One by one: for several, kafkajs does not report which of them already existed.
    for (const { topic, partitions: numPartitions } of missing) {
      const configEntries = Object.entries({
        'cleanup.policy': 'delete',
        'retention.ms': String(retentionMs),
        'min.insync.replicas': String(Math.max(1, replication - 1)),
      }).map(([name, value]) => ({ name, value }))
      await admin.createTopics({
        topics: [{ topic, numPartitions, replicationFactor: replication, configEntries }],
        waitForLeaders: false,
      })
    }
    const found = await countPartitions(
      admin,
      wanted.map(({ topic }) => topic),
    )
    return wanted.map(({ topic }) => ({
      topic,
      partitions: found.get(topic) ?? 0,
      created: !existing.has(topic),
    }))
  } finally {
    await admin.disconnect()
  }
}

function toTooFewBrokers(replication: number, brokers: number): string {
  const found = `${brokers} ${brokers === 1 ? 'broker' : 'brokers'}`
  return `${replication} replicas requested, ${found} found: set KAFKA_REPLICATION=${brokers}, or start more brokers`
}

/** Topic -> partitions. Retries, because a broker knows a new topic only after a moment. */
async function countPartitions(admin: Admin, topics: string[]): Promise<Map<string, number>> {
  const deadline = performance.now() + SEEN_DEADLINE_MS
  for (;;) {
    try {
      const metadata = await admin.fetchTopicMetadata({ topics })
      return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]))
    } catch (error) {
      if (!isRetriable(error) || performance.now() > deadline) throw error
      await delay(100)
    }
  }
}
