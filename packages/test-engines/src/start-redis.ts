import { isDockerThere } from './docker-postgres.ts'
import { startDockerRedis } from './redis/docker-redis.ts'
import { startOwnRedis } from './start-own-redis.ts'

export type StartedRedis = Readonly<{
  url: string
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'machine'
}>

/**
 * A Redis for tests: the one that `TEST_REDIS_URL` names, else a container where Docker answers,
 * else one of this machine. Throws the reason in one sentence where none can be had.
 */
export async function startRedis(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedRedis> {
  const given = environment['TEST_REDIS_URL']
  if (given !== undefined && given !== '')
    return { url: given, stop: async () => {}, engine: 'environment' }
  // Docker may answer and yet have no image and no way to get one.
  const container = (await isDockerThere(environment['DOCKER_HOST']))
    ? await startDockerRedis().catch(() => undefined)
    : undefined
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { url, stop } = await startOwnRedis(environment)
  return { url, stop, engine: 'machine' }
}
