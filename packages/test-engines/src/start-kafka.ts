import { startDockerKafka } from './docker/start-docker-kafka.ts'
import { startOwnKafka } from './without-docker/start-own-kafka.ts'

export type StartedKafka = Readonly<{
  brokers: readonly string[]
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'machine'
}>

/**
 * A Kafka for tests: the one that `TEST_KAFKA_BROKERS` names, else a container, else, without
 * Docker, a process on this machine. It creates no topics automatically. Throws an error that names
 * the cause when none of these works.
 */
export async function startKafka(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedKafka> {
  const given = environment['TEST_KAFKA_BROKERS']
  if (given !== undefined && given !== '')
    return { brokers: given.split(','), stop: async () => {}, engine: 'environment' }
  // It fails where no Docker engine answers, and where Docker cannot get the image.
  const container = await startDockerKafka().catch(() => undefined)
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { brokers, stop } = await startOwnKafka(environment)
  return { brokers, stop, engine: 'machine' }
}
