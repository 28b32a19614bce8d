import { startDockerKafka } from './docker/start-docker-kafka.ts'
import { startOwnKafka } from './without-docker/start-own-kafka.ts'

export type StartedKafka = Readonly<{
  brokers: readonly string[]
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'machine'
}>

/**
 * Starts a Kafka for tests: the one of `TEST_KAFKA_BROKERS`, else a container, else, without
 * Docker, a process on this machine. It creates no topics automatically. Throws an error with the
 * cause if none of these works.
 */
export async function startKafka(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedKafka> {
  const given = environment['TEST_KAFKA_BROKERS']
  if (given !== undefined && given !== '')
    return { brokers: given.split(','), stop: async () => {}, engine: 'environment' }
  // Fails if no Docker engine is available, or Docker cannot get the image.
  const container = await startDockerKafka().catch(() => undefined)
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { brokers, stop } = await startOwnKafka(environment)
  return { brokers, stop, engine: 'machine' }
}
