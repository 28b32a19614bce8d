import { readEnvironment, type Environment } from './read-environment.ts'

const SECTION = { section: 'services' } as const
const DAY_MS = 86_400_000

/**
 * Reads `KAFKA_BROKERS`, `KAFKA_SSL` and `KAFKA_SASL_*`, for a service in its own process. Throws a
 * `ConfigError`.
 */
export function parseKafkaSettings(environment: Environment, clientId: string) {
  const env = readEnvironment(environment)
  const brokers = env.endpoints('KAFKA_BROKERS', {
    ...SECTION,
    describe: 'The `host:port` of Kafka.',
    example: 'localhost:9092',
  })
  const ssl = env.boolean('KAFKA_SSL', {
    default: false,
    ...SECTION,
    describe: 'TLS to Kafka.',
  })
  const mechanism = env.oneOf(
    'KAFKA_SASL_MECHANISM',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    { default: 'none', ...SECTION, describe: 'SASL mechanism of Kafka.' },
  )
  if (mechanism === 'none') return env.done({ brokers, clientId, ssl })
  const username = env.string('KAFKA_SASL_USERNAME', {
    ...SECTION,
    describe: 'With a mechanism only.',
  })
  const password = env.string('KAFKA_SASL_PASSWORD', {
    ...SECTION,
    describe: 'With a mechanism only.',
  })
  return env.done({ brokers, clientId, ssl, sasl: { mechanism, username, password } })
}

/** How `npm run topics` creates topics. Throws a `ConfigError`. */
export function parseTopicSettings(environment: Environment) {
  const env = readEnvironment(environment)
  return env.done({
    partitions: 12,
    replication: env.integer('KAFKA_REPLICATION', {
      default: 3,
      min: 1,
      max: 9,
      ...SECTION,
      describe:
        'Replicas of a new topic: 1 for a single broker. A topic has 12 partitions and keeps events 30 days.',
    }),
    retentionMs: 30 * DAY_MS,
  })
}
