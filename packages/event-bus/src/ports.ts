import type { AnyEvent } from '@auto-refresh/contracts'

export interface EventPublisher {
  /**
   * Resolves when every event has been taken over for good; rejects when that is not sure of all of
   * them. The caller then sends the whole batch again: delivery is at least once, in the order
   * given per key.
   */
  publish(topic: string, events: readonly AnyEvent[]): Promise<void>
}

export interface EventSubscriber {
  /**
   * Hands every event of the topics to `handle`, in order per key, again and again until it
   * resolves; or to `handleBatch` as many at once as there are, for those to whom a database trip
   * for each would be too slow. A handler must be idempotent. Each `group` gets every event once
   * for all its members.
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
