/** How to reach Kafka: `KAFKA_BROKERS`, `KAFKA_SSL`, `KAFKA_SASL_*`. */
export type KafkaSettings = Readonly<{
  brokers: readonly string[]
  clientId: string
  ssl?: boolean
  sasl?: { username: string; password: string } & (
    { mechanism: 'plain' } | { mechanism: 'scram-sha-256' } | { mechanism: 'scram-sha-512' }
  )
}>

/** The part of pino's logger that the bus uses. */
export type KafkaLog = {
  warn(fields: object, message: string): void
  info?(fields: object, message: string): void
}
