import type { Environment } from '@auto-refresh/service-kit/config'

/**
 * Throws where no Kafka is set: `npm start` has a bus in its own process, to which no other process
 * can listen.
 */
export function requireKafka(environment: Environment): void {
  if ((environment['KAFKA_BROKERS'] ?? '') !== '') return
  throw new Error(
    'KAFKA_BROKERS is not set: this is for the services apart. The events of `npm start` are in the list of its page and in the audit trail (docs/operations.md)',
  )
}
