import { startDockerRedis } from './docker/start-docker-redis.ts'
import { startOwnRedis } from './without-docker/start-own-redis.ts'

export type StartedRedis = Readonly<{
  url: string
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'machine'
}>

/**
 * A Redis for tests: the one that `TEST_REDIS_URL` names, else a container, else, without Docker, a
 * process on this machine. Throws an error that names the cause when none of these works.
 */
export async function startRedis(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedRedis> {
  const given = environment['TEST_REDIS_URL']
  if (given !== undefined && given !== '')
    return { url: given, stop: async () => {}, engine: 'environment' }
  // It fails where no Docker engine answers, and where Docker cannot get the image.
  const container = await startDockerRedis().catch(() => undefined)
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { url, stop } = await startOwnRedis(environment)
  return { url, stop, engine: 'machine' }
}
