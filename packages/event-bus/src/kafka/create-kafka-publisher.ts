import type { EventPublisher } from '../ports.ts'
import { createLazyProducer } from './create-lazy-producer.ts'
import { encodeEvent } from './encode-event.ts'
import { createQuietLog } from './quiet-log.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

/** Publishes to Kafka, keyed by the event's key. It starts without Kafka; `publish` rejects for as long as there is none. */
export function createKafkaPublisher({ settings, log }: { settings: KafkaSettings; log: KafkaLog }): EventPublisher & { close(): Promise<void> } {
  const producer = createLazyProducer(settings, createQuietLog(log))
  return {
    publish: (topic, events) => producer.send(topic, events.map(encodeEvent)),
    close: () => producer.close(),
  }
}
