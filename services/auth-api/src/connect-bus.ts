import { ConfigError } from '@auto-refresh/config'
import type { EventPublisher, EventSubscriber } from '@auto-refresh/event-bus'

/**
 * The bus of a service that runs by itself. One inside the process would reach no other service: logins would go unseen and
 * users would never hear that a token of theirs was stolen. Throws a `ConfigError`.
 */
export function connectBus({ brokers }: { brokers: readonly string[] | undefined }): EventPublisher & EventSubscriber {
  throw new ConfigError([
    brokers === undefined
      ? 'KAFKA_BROKERS is missing: a service by itself reaches the others through Kafka; "npm start" runs all of them in one process without it'
      : 'KAFKA_BROKERS is set, but this version cannot speak to Kafka yet; "npm start" runs all services in one process without it',
  ])
}
