import { openKafka } from '../kafka.ts'
import { toDeadLetterTopic } from './to-dead-letter.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

export type TopicState = Readonly<{ topic: string; partitions: number; created: boolean }>

/**
 * Makes the topics that are not there yet, each with its dead-letter topic, and says how they stand. What exists is left as it
 * is: more partitions would send the events of a session to another one. Safe to run again and by two at once.
 */
export async function createTopics({ settings, log, topics, partitions, replication, retentionMs }: {
  settings: KafkaSettings
  log: KafkaLog
  topics: readonly string[]
  partitions: number
  replication: number
  retentionMs: number
}): Promise<TopicState[]> {
  const wanted = topics.flatMap((topic) => [{ topic, partitions }, { topic: toDeadLetterTopic(topic), partitions: 1 }])
  const admin = openKafka(settings, log).admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = wanted.filter(({ topic }) => !existing.has(topic))
    // One by one: of several at once it is not told which were made by somebody else meanwhile.
    for (const { topic, partitions: numPartitions } of missing) {
      const configEntries = Object.entries({
        'cleanup.policy': 'delete',
        'retention.ms': String(retentionMs),
        'min.insync.replicas': String(Math.max(1, replication - 1)),
      }).map(([name, value]) => ({ name, value }))
      await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: replication, configEntries }], waitForLeaders: true })
    }
    const metadata = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) })
    const found = new Map(metadata.topics.map((each) => [each.name, each.partitions.length]))
    return wanted.map(({ topic }) => ({ topic, partitions: found.get(topic) ?? 0, created: !existing.has(topic) }))
  } finally {
    await admin.disconnect()
  }
}
