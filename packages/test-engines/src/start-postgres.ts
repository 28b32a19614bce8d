import { isDockerThere, startDockerPostgres } from './docker-postgres.ts'
import { startOwnPostgres } from './start-own-postgres.ts'

export type StartedPostgres = Readonly<{
  url: string
  stop: () => Promise<void>
  engine: 'environment' | 'docker' | 'embedded'
}>

/**
 * A Postgres for tests: the one that `TEST_DATABASE_URL` names, else a container where Docker
 * answers, else the embedded one.
 */
export async function startPostgres(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StartedPostgres> {
  const given = environment['TEST_DATABASE_URL']
  if (given !== undefined && given !== '')
    return { url: given, stop: async () => {}, engine: 'environment' }
  // Docker may answer and yet have no image and no way to get one.
  const container = (await isDockerThere(environment['DOCKER_HOST']))
    ? await startDockerPostgres().catch(() => undefined)
    : undefined
  if (container !== undefined) return { ...container, engine: 'docker' }
  const { url, stop } = await startOwnPostgres()
  return { url, stop, engine: 'embedded' }
}
