import { readEnvironment, type Environment } from './read-environment.ts'

/** `KAFKA_BROKERS`, `KAFKA_SSL`, `KAFKA_SASL_*`, for a service that runs by itself. Throws a `ConfigError`. */
export function parseKafkaSettings(environment: Environment, clientId: string) {
  const env = readEnvironment(environment)
  const mechanism = env.oneOf('KAFKA_SASL_MECHANISM', ['none', 'plain', 'scram-sha-256', 'scram-sha-512'], { default: 'none' })
  const sasl =
    mechanism === 'none' ? {} : { sasl: { mechanism, username: env.string('KAFKA_SASL_USERNAME'), password: env.string('KAFKA_SASL_PASSWORD') } }
  return env.done({ brokers: env.endpoints('KAFKA_BROKERS'), clientId, ssl: env.boolean('KAFKA_SSL', { default: false }), ...sasl })
}
