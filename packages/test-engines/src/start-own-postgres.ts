import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  endPostmaster,
  findFreePort,
  findPostmaster,
  hasEnded,
  isRunning,
  prepareInstance,
  startServer,
  toUrl,
} from '@auto-refresh/embedded-postgres'
import { killWithParent } from './end-with-parent.ts'

export type OwnPostgres = Readonly<{
  url: string
  /** a clean shutdown; `startServer` starts it again on the same port with the same data */
  stopServer: () => Promise<void>
  startServer: () => Promise<void>
  /** kill -9 */
  killServer: () => Promise<void>
  /** stops it and removes its data; may be called again */
  stop: () => Promise<void>
}>

const PREFIX = 'auto-refresh-postgres-'
/**
 * Test data need not survive a machine crash, but what was answered must survive a kill -9:
 * synchronous_commit stays on.
 */
const FAST = { fsync: 'off', full_page_writes: 'off' }

/** Starts a private Postgres in a temporary folder, for tests that stop and kill it. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  await sweepLeftovers()
  const dataDir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const instance = await prepareInstance({ dataDir, durable: false })
  const { data } = instance
  const port = await findFreePort()
  let stopWatching = () => {}
  await start()

  async function start(): Promise<void> {
    // Removes the lock file of a killed server: Postgres would take a process that was not reaped
    // yet for a running server.
    await findPostmaster(data)
    const { client, pid } = await startServer(instance, { port, settings: FAST })
    stopWatching()
    stopWatching = killWithParent({ pid, folder: dataDir })
    await client.end()
  }

  async function stopServer(): Promise<void> {
    stopWatching()
    const running = await findPostmaster(data)
    if (running !== undefined) await endPostmaster(running.pid, data)
  }

  return {
    url: toUrl(instance, port),
    startServer: start,
    stopServer,
    async killServer() {
      stopWatching()
      const running = await findPostmaster(data)
      if (running === undefined) return
      process.kill(running.pid, 'SIGKILL')
      await hasEnded(running.pid, data, 20_000)
    },
    async stop() {
      await stopServer()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The watcher stops the server of a killed test run. If both were killed, the next run does. */
async function sweepLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-', 1)[0]) : 0
    if (owner === 0 || isRunning(owner)) continue
    const dataDir = join(tmpdir(), name)
    const data = join(dataDir, 'postgres/data')
    const running = await findPostmaster(data)
    if (running !== undefined) await endPostmaster(running.pid, data)
    await rm(dataDir, { recursive: true, force: true })
  }
}
