import type { AnyEvent } from '@auto-refresh/contracts'

export interface EventPublisher {
  /**
   * Resolves when every event has been taken over for good; rejects when that is not sure of all of them. The caller then
   * sends the whole batch again: delivery is at least once, in the order given per key.
   */
  publish(topic: string, events: readonly AnyEvent[]): Promise<void>
}

export interface EventSubscriber {
  /**
   * Hands every event of the topics to `handle`, in order per key, again and again until it resolves. A handler must be
   * idempotent. Each `group` gets every event once for all its members.
   */
  subscribe(options: { group: string; topics: readonly string[]; handle: EventHandler }): Promise<Subscription>
}

export type EventHandler = (event: AnyEvent) => Promise<void>
export type Subscription = { close(): Promise<void> }
