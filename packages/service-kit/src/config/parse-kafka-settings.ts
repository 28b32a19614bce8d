import { readEnvironment, type Environment } from './read-environment.ts'

/**
 * `KAFKA_BROKERS`, `KAFKA_SSL`, `KAFKA_SASL_*`, for a service that runs by itself. Throws a
 * `ConfigError`.
 */
export function parseKafkaSettings(environment: Environment, clientId: string) {
  const env = readEnvironment(environment)
  const mechanism = env.oneOf(
    'KAFKA_SASL_MECHANISM',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    { default: 'none' },
  )
  const sasl =
    mechanism === 'none'
      ? {}
      : {
          sasl: {
            mechanism,
            username: env.string('KAFKA_SASL_USERNAME'),
            password: env.string('KAFKA_SASL_PASSWORD'),
          },
        }
  return env.done({
    brokers: env.endpoints('KAFKA_BROKERS'),
    clientId,
    ssl: env.boolean('KAFKA_SSL', { default: false }),
    ...sasl,
  })
}

/** How `npm run topics` makes topics. Throws a `ConfigError`. */
export function parseTopicSettings(environment: Environment) {
  const env = readEnvironment(environment)
  return env.done({
    partitions: env.integer('KAFKA_PARTITIONS', { default: 12, min: 1, max: 1000 }),
    replication: env.integer('KAFKA_REPLICATION', { default: 3, min: 1, max: 9 }),
    retentionMs:
      env.decimal('KAFKA_RETENTION_DAYS', { default: 30, min: 1, max: 3650 }) * 86_400_000,
  })
}
