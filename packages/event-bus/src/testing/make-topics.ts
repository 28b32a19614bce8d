import { setTimeout as delay } from 'node:timers/promises'
import { createTopics } from '../kafka/create-topics.ts'
import type { KafkaSettings } from '../kafka/settings.ts'

/**
 * Tries again for a while: a broker that has stood still for some seconds counts as gone, until it
 * has told of itself again.
 */
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
