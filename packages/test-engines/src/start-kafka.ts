import { isDockerThere } from './docker-postgres.ts'
import { startDockerKafka } from './kafka/docker-kafka.ts'
import { startOwnKafka } from './start-own-kafka.ts'

export type StartedKafka = Readonly<{
  brokers: readonly string[]
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'machine'
}>

/**
 * A Kafka for tests: the one that `TEST_KAFKA_BROKERS` names, else a container where Docker
 * answers, else one of this machine. It makes no topics by itself. Throws the reason in one
 * sentence where none can be had.
 */
export async function startKafka(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedKafka> {
  const given = environment['TEST_KAFKA_BROKERS']
  if (given !== undefined && given !== '')
    return { brokers: given.split(','), stop: async () => {}, engine: 'environment' }
  // Docker may answer and yet have no image and no way to get one.
  const container = (await isDockerThere(environment['DOCKER_HOST']))
    ? await startDockerKafka().catch(() => undefined)
    : undefined
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { brokers, stop } = await startOwnKafka(environment)
  return { brokers, stop, engine: 'machine' }
}
