import { setTimeout as delay } from 'node:timers/promises'
import { createTopics } from '../kafka/create-topics.ts'
import type { KafkaSettings } from '../kafka/settings.ts'

/** Creates topics, and retries until `deadlineMs`: after a pause a broker must register again. */
export async function makeTopics(
  settings: KafkaSettings,
  topics: readonly string[],
  { partitions = 4, deadlineMs = 30_000 } = {},
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    try {
      await createTopics({
        settings,
        log: { warn: () => {} },
        topics,
        partitions,
        replication: 1,
        retentionMs: 3_600_000,
      })
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(100)
    }
  }
}
