import { startDockerRedis } from './docker/start-docker-redis.ts'
import { startOwnRedis } from './without-docker/start-own-redis.ts'

export type StartedRedis = Readonly<{
  url: string
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'machine'
}>

/**
 * Starts a Redis for tests: the one of `TEST_REDIS_URL`, else a container, else, without Docker, a
 * process on this machine. Throws an error with the cause if none of these works.
 */
export async function startRedis(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedRedis> {
  const given = environment['TEST_REDIS_URL']
  if (given !== undefined && given !== '')
    return { url: given, stop: async () => {}, engine: 'environment' }
  // Fails if no Docker engine is available, or Docker cannot get the image.
  const container = await startDockerRedis().catch(() => undefined)
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { url, stop } = await startOwnRedis(environment)
  return { url, stop, engine: 'machine' }
}
