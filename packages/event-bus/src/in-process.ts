import type { AnyEvent } from '@auto-refresh/contracts'
import type { BatchHandler, EventHandler, EventPublisher, EventSubscriber } from './ports.ts'

/**
 * The bus of standalone. `publish` resolves after every group has handled every event, so an event that was not handled
 * stays in the outbox, and a crash repeats it: at least once, like Kafka.
 */
export function createInProcessBus(): EventPublisher & EventSubscriber {
  const groups = new Map<string, { topics: ReadonlySet<string>; handleBatch: BatchHandler }>()

  return {
    async publish(topic, events: readonly AnyEvent[]) {
      const interested = [...groups.values()].filter((group) => group.topics.has(topic))
      const handled = await Promise.allSettled(interested.map(async ({ handleBatch }) => handleBatch(events)))
      const faults = handled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
      if (faults.length > 0) throw new AggregateError(faults, `${faults.length} of ${interested.length} consumer groups failed`)
    },

    async subscribe({ group, topics, ...handler }) {
      if (groups.has(group)) throw new TypeError(`The group ${group} has a member in this process already`)
      groups.set(group, { topics: new Set(topics), handleBatch: 'handle' in handler ? oneByOne(handler.handle) : handler.handleBatch })
      return {
        async close() {
          groups.delete(group)
        },
      }
    },
  }
}

const oneByOne = (handle: EventHandler): BatchHandler => async (events) => {
  for (const event of events) await handle(event)
}
