import type { Environment } from '@auto-refresh/service-kit/config'

/**
 * Throws if no Kafka is configured: `npm start` has an in-process bus, which no other process can
 * read.
 */
export function requireKafka(environment: Environment): void {
  if ((environment['KAFKA_BROKERS'] ?? '') !== '') return
  throw new Error(
    'KAFKA_BROKERS is not set: this command needs the services with Kafka. ' +
      'The events of `npm start` are on its page and in the audit trail (docs/operations.md)',
  )
}
