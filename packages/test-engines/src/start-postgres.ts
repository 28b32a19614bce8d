import { startDockerPostgres } from './docker/start-docker-postgres.ts'
import { startOwnPostgres } from './start-own-postgres.ts'

export type StartedPostgres = Readonly<{
  url: string
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'embedded'
}>

/**
 * Starts a Postgres for tests: the one of `TEST_DATABASE_URL`, else a container, else, without
 * Docker, the embedded one.
 */
export async function startPostgres(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedPostgres> {
  const given = environment['TEST_DATABASE_URL']
  if (given !== undefined && given !== '')
    return { url: given, stop: async () => {}, engine: 'environment' }
  // Fails if no Docker engine is available, or Docker cannot get the image.
  const container = await startDockerPostgres().catch(() => undefined)
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { url, stop } = await startOwnPostgres()
  return { url, stop, engine: 'embedded' }
}
