/**
 * Ends a command that is about Kafka where none is named: `npm start` has a bus in itself, which
 * nobody else can listen to.
 */
export function sayWithoutKafka(environment: NodeJS.ProcessEnv): void {
  if ((environment['KAFKA_BROKERS'] ?? '') !== '') return
  process.stderr.write(
    'KAFKA_BROKERS is not set: this is for the services apart. The events of `npm start` are in the list of its page and in the audit trail (docs/operations.md)\n',
  )
  process.exit(1)
}
