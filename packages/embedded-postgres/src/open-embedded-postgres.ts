import { setTimeout as delay } from 'node:timers/promises'
import { prepareInstance } from './instance.ts'
import { openServer, type OwnedServer } from './open-server.ts'
import { endPostmaster } from './postmaster.ts'
import { toUrl } from './server.ts'

const RESTART_DELAY_MS = 1000

export type EmbeddedPostgres = Readonly<{
  url: string
  /** Shuts the server down cleanly and waits until it has ended. May be repeated. */
  stop: () => Promise<void>
  /** Asks the server to shut down without waiting, for a process that exits at once. */
  abandon: () => void
}>

export type EmbeddedPostgresOptions = Readonly<{
  /** all files are in its folder `postgres` */
  dataDir: string
  log: (message: string) => void
  /** called when the server was restarted after a crash, on the same port */
  onRestart?: () => void
}>

/**
 * Starts a Postgres 18 that this process owns, reachable from this machine only. It survives a
 * `kill -9` of this process, and the next process that opens the directory takes it over. While it
 * is owned, another process gets an error. A crashed server is restarted.
 */
export async function openEmbeddedPostgres({
  dataDir,
  log,
  onRestart,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const instance = await prepareInstance({ dataDir })
  const stopping = new AbortController()
  let server = await open()
  const { port } = server
  let isUp = true
  let watching = watch()
  let stopped: Promise<void> | undefined

  async function open(samePort?: number): Promise<OwnedServer> {
    const opened = await openServer(instance, samePort)
    if (opened === 'in_use') throw new Error(`The DATA_DIR ${dataDir} is in use by another process`)
    return opened
  }

  /** Restarts the server when the connection that holds the ownership ends. */
  async function watch(): Promise<void> {
    await new Promise((resolve) => server.lock.once('end', resolve))
    isUp = false
    while (!stopping.signal.aborted) {
      log('Postgres exited unexpectedly, restarting it')
      try {
        await delay(RESTART_DELAY_MS, undefined, { signal: stopping.signal })
        server = await open(port)
        isUp = true
        watching = watch()
        return onRestart?.()
      } catch (error) {
        if (!stopping.signal.aborted) log(`Starting Postgres failed: ${String(error)}`)
      }
    }
  }

  async function stop(): Promise<void> {
    stopping.abort()
    await endPostmaster(server.pid, instance.data)
    await watching
    await endPostmaster(server.pid, instance.data)
  }

  return {
    url: toUrl(instance, port),
    stop: () => (stopped ??= stop()),
    abandon() {
      if (isUp) process.kill(server.pid, 'SIGINT')
    },
  }
}
