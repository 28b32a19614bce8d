import type { AnyEvent, Tracing } from '@auto-refresh/contracts'
import type { BatchHandler, EventHandler } from './ports.ts'

export type Handler = { handle: EventHandler } | { handleBatch: BatchHandler }
export type Process = (
  events: readonly AnyEvent[],
  from: { topic: string; partition?: number },
) => Promise<void>

/** Returns a function that passes events to the handler, one by one or as a batch, with their traces. */
export function toProcess({
  handler,
  group,
  system,
  tracing,
}: {
  handler: Handler
  group: string
  system: 'kafka' | 'in_process'
  tracing: Tracing
}): Process {
  const processTogether = (
    events: readonly AnyEvent[],
    { topic, partition }: Parameters<Process>[1],
    handle: () => Promise<void>,
  ): Promise<void> =>
    tracing.spanForAll(
      {
        kind: 'consumer',
        name: `process ${topic}`,
        attributes: {
          'messaging.system': system,
          'messaging.operation.name': 'process',
          'messaging.operation.type': 'process',
          'messaging.destination.name': topic,
          'messaging.consumer.group.name': group,
          ...(partition !== undefined && {
            'messaging.destination.partition.id': String(partition),
          }),
          ...('handleBatch' in handler && { 'messaging.batch.message_count': events.length }),
        },
      },
      events.map((event) => event.traceparent),
      handle,
    )

  return async (events, from) => {
    if ('handleBatch' in handler)
      return processTogether(events, from, () => handler.handleBatch(events))
    for (const event of events) await processTogether([event], from, () => handler.handle(event))
  }
}
