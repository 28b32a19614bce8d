import type { EventPublisher, EventSubscriber } from '../ports.ts'
import { createKafkaPublisher } from './create-kafka-publisher.ts'
import { createKafkaSubscriber, type KafkaSubscriberDeps } from './create-kafka-subscriber.ts'

/** The event bus of a service in its own process. It starts without Kafka and connects later. */
export function connectKafka(
  deps: KafkaSubscriberDeps,
): EventPublisher & EventSubscriber & { close(): Promise<void> } {
  const publisher = createKafkaPublisher(deps)
  const subscriber = createKafkaSubscriber(deps)
  return {
    publish: publisher.publish,
    subscribe: subscriber.subscribe,
    async close() {
      await subscriber.close()
      await publisher.close()
    },
  }
}
