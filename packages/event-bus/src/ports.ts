import type { AnyEvent } from '@auto-refresh/contracts'

export interface EventPublisher {
  /**
   * Resolves when all events are stored durably, rejects if that is uncertain for any. The caller
   * then publishes the whole batch again: delivery is at least once, in order per key.
   */
  publish(topic: string, events: readonly AnyEvent[]): Promise<void>
}

export interface EventSubscriber {
  /**
   * Passes every event of the topics to `handle`, in order per key, and retries until it resolves;
   * or to `handleBatch`, which gets all available events at once and saves round trips to a
   * database. A handler must be idempotent. Each `group` gets every event once for all its members.
   */
  subscribe(
    options: { group: string; topics: readonly string[] } & (
      { handle: EventHandler } | { handleBatch: BatchHandler }
    ),
  ): Promise<Subscription>
}

export type EventHandler = (event: AnyEvent) => Promise<void>
export type BatchHandler = (events: readonly AnyEvent[]) => Promise<void>
export type Subscription = { close(): Promise<void> }
