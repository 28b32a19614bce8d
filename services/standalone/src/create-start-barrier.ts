import type { EventPublisher } from '@auto-refresh/event-bus'

/**
 * Wraps a publisher so that events wait until `open` (every consumer is subscribed) and are
 * rejected after `close`. The in-process bus delivers an event only to the consumers of that
 * moment, so one published too early or too late would be lost. A rejected event stays in the
 * outbox.
 */
export function createStartBarrier(
  publisher: EventPublisher,
): EventPublisher & { open(): void; close(): void } {
  const opened = Promise.withResolvers<void>()
  let isClosed = false
  return {
    async publish(topic, events) {
      await opened.promise
      if (isClosed)
        throw new Error(
          'Consumers have stopped: the events stay in the outbox until the next start',
        )
      await publisher.publish(topic, events)
    },
    open: () => opened.resolve(),
    close() {
      isClosed = true
      opened.resolve()
    },
  }
}
