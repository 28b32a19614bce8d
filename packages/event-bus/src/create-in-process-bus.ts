import { noTracing, type AnyEvent, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher, EventSubscriber } from './ports.ts'
import { toProcess, type Process } from './to-process.ts'

/**
 * The event bus of standalone. `publish` resolves after every group has handled every event, and
 * throws an `AggregateError` if one fails. So an unhandled event stays in the outbox and is repeated
 * after a crash: at least once, like Kafka.
 */
export function createInProcessBus({
  tracing = noTracing,
}: { tracing?: Tracing } = {}): EventPublisher & EventSubscriber {
  const groups = new Map<string, { topics: ReadonlySet<string>; process: Process }>()

  return {
    async publish(topic, events: readonly AnyEvent[]) {
      const interested = [...groups.values()].filter((group) => group.topics.has(topic))
      const handled = await Promise.allSettled(
        interested.map(async ({ process }) => process(events, { topic })),
      )
      const faults = handled.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as unknown] : [],
      )
      if (faults.length > 0)
        throw new AggregateError(
          faults,
          `${faults.length} of ${interested.length} consumer groups failed`,
        )
    },

    async subscribe({ group, topics, ...handler }) {
      if (groups.has(group))
        throw new TypeError(`The group ${group} already has a member in this process`)
      groups.set(group, {
        topics: new Set(topics),
        process: toProcess({ handler, group, system: 'in_process', tracing }),
      })
      return {
        async close() {
          groups.delete(group)
        },
      }
    },
  }
}
