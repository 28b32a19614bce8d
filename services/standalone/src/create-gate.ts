import type { EventPublisher } from '@auto-refresh/event-bus'

/**
 * Lets events pass only while every consumer listens. The in-process bus gives an event to those
 * who are there: one that is published before the last consumer came, or after the first has gone,
 * would be lost to it. Refused, it stays in the outbox.
 */
export function createGate(
  publisher: EventPublisher,
): EventPublisher & { open(): void; close(): void } {
  const opened = Promise.withResolvers<void>()
  let isClosed = false
  return {
    async publish(topic, events) {
      await opened.promise
      if (isClosed)
        throw new Error('The consumers have stopped: the events wait for the next start')
      await publisher.publish(topic, events)
    },
    open: () => opened.resolve(),
    close() {
      isClosed = true
      opened.resolve()
    },
  }
}
