import { findFreePort } from '@auto-refresh/embedded-postgres'
import { openOwnServer, type OwnServer } from './open-own-server.ts'
import { redisBinary } from './redis-binary.ts'

export type OwnRedis = OwnServer & Readonly<{ url: string }>

/**
 * Starts a private Redis on this machine; what it answered survives a kill -9. Throws the reason if
 * that is impossible.
 */
export async function startOwnRedis(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<OwnRedis> {
  try {
    const file = await redisBinary(environment)
    const port = await findFreePort()
    const settings = {
      bind: '127.0.0.1',
      port: String(port),
      save: '',
      appendonly: 'yes',
      appendfsync: 'no',
      daemonize: 'no',
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const server = await openOwnServer({
      name: 'redis',
      ready: /Ready to accept connections/,
      prepare: async () => ({ file, args }),
    })
    return { ...server, url: `redis://127.0.0.1:${port}` }
  } catch (error) {
    throw new Error(
      'There is no Redis for tests: set TEST_REDIS_URL, start Docker, or install redis-server or Maven ' +
        `(${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    )
  }
}
