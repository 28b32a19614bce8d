import { noTracing, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher } from '../ports.ts'
import { createLazyProducer } from './create-lazy-producer.ts'
import { encodeEvent } from './encode-event.ts'
import { createQuietLog } from './create-quiet-log.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

/**
 * Publishes to Kafka with the event's key as message key. It starts without Kafka; `publish` rejects
 * while Kafka is unavailable.
 */
export function createKafkaPublisher({
  settings,
  log,
  tracing = noTracing,
}: {
  settings: KafkaSettings
  log: KafkaLog
  tracing?: Tracing
}): EventPublisher & { close(): Promise<void> } {
  const producer = createLazyProducer(settings, createQuietLog(log))
  return {
    publish: (topic, events) =>
      tracing.spanForAll(
        {
          kind: 'client',
          name: `send ${topic}`,
          attributes: {
            'messaging.system': 'kafka',
            'messaging.operation.name': 'send',
            'messaging.operation.type': 'send',
            'messaging.destination.name': topic,
            'messaging.batch.message_count': events.length,
          },
        },
        events.map((event) => event.traceparent),
        () => producer.send(topic, events.map(encodeEvent)),
      ),
    close: () => producer.close(),
  }
}
