import { createTestDatabase } from '@auto-refresh/test-engines'
import { startStandalone, temporaryFolder } from './start-standalone.ts'
import { SHORT_LIVED } from './token-lifetimes.ts'

export type Restartable = Awaited<ReturnType<typeof startRestartable>>

/**
 * Starts a standalone for many clients of one user, with tokens that live for 3 s. `restart` kills
 * it with -9 and starts it again on the same ports; calls at the same time share one restart.
 */
export async function startRestartable(env: Record<string, string> = {}) {
  const [database, folder] = await Promise.all([createTestDatabase(), temporaryFolder()])
  const options = {
    dataDir: folder.path,
    databaseUrl: database.url,
    env: { ...SHORT_LIVED, REFRESH_LIMIT: 'off', SESSION_LIMIT: '1000', ...env },
  }
  let system = await (await startStandalone(options)).ready()
  const { ports } = system
  let restarting: Promise<void> | undefined

  async function killAndStart(): Promise<void> {
    system.kill('SIGKILL')
    await system.exited
    system = await (await startStandalone({ ...options, ports })).ready()
  }

  return {
    url: system.url,
    port: ports.port,
    dataDir: folder.path,
    alarms: () => system.alarms(),
    restart: () => (restarting ??= killAndStart()),
    async stop() {
      await system.stop()
      await folder.remove()
      await database.drop()
    },
  }
}
