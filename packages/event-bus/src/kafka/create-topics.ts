import { setTimeout as delay } from 'node:timers/promises'
import { openKafka, type Admin } from '../open-kafka.ts'
import { isRetriable } from './is-retriable.ts'
import { toDeadLetterTopic } from './to-dead-letter.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

const SEEN_DEADLINE_MS = 10_000

export type TopicState = Readonly<{ topic: string; partitions: number; created: boolean }>

/**
 * Makes the topics that are not there yet, each with its dead-letter topic, and says how they
 * stand. What exists is left as it is: more partitions would send the events of a session to
 * another one. Safe to run again and by two at once. Throws when there are fewer brokers than
 * replicas.
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
      throw new Error(sayTooFewBrokers(replication, brokers.length))
    // One by one: of several at once it is not told which were made by somebody else meanwhile.
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

function sayTooFewBrokers(replication: number, brokers: number): string {
  const [replicas, there] = [
    `${replication} replicas asked for`,
    `${brokers} ${brokers === 1 ? 'broker' : 'brokers'}`,
  ]
  return `${replicas}, ${there}: set KAFKA_REPLICATION=${brokers}, or start more brokers`
}

/** Topic -> partitions. A broker learns of a new topic a moment after it was made. */
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
