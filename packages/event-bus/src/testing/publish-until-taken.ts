import { setTimeout as delay } from 'node:timers/promises'
import type { AnyEvent } from '@auto-refresh/contracts'
import type { EventPublisher } from '../ports.ts'

/** Publishes the whole batch again until it succeeds, as the relay does. */
export async function publishUntilTaken(
  publisher: EventPublisher,
  topic: string,
  events: readonly AnyEvent[],
  deadlineMs = 100_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    try {
      await publisher.publish(topic, events)
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(20)
    }
  }
}
