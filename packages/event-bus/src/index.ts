export { createInProcessBus } from './create-in-process-bus.ts'
export { connectKafka } from './kafka/connect-kafka.ts'
export { createKafkaPublisher } from './kafka/create-kafka-publisher.ts'
export { createKafkaSubscriber, type KafkaSubscriberDeps } from './kafka/create-kafka-subscriber.ts'
export { createTopics, type TopicState } from './kafka/create-topics.ts'
export { readTopics } from './kafka/read-topics.ts'
export type { KafkaLog, KafkaSettings } from './kafka/settings.ts'
export type {
  BatchHandler,
  EventHandler,
  EventPublisher,
  EventSubscriber,
  Subscription,
} from './ports.ts'
