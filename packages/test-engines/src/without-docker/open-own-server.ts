import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../eventually.ts'
import { killWithParent } from '../end-with-parent.ts'

const READY_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 15_000

type Command = Readonly<{ file: string; args: readonly string[] }>

/** A private server for tests that stop, kill and freeze it. It keeps its port and its data. */
export type OwnServer = Readonly<{
  /** starts it again after `stopServer` or `killServer`; resolves when it is ready */
  startServer: () => Promise<void>
  /** a clean shutdown */
  stopServer: () => Promise<void>
  /** kill -9 */
  killServer: () => Promise<void>
  /** SIGSTOP: connections stay open and nothing answers */
  freezeServer: () => void
  thawServer: () => void
  /** stops it and removes its data; may be called again */
  stop: () => Promise<void>
}>

/**
 * Starts a server in a temporary folder. `prepare` writes its files and returns the command; the
 * line that matches `ready` means that it serves. Throws with the end of its log if it does not
 * start.
 */
export async function openOwnServer({
  name,
  ready,
  prepare,
}: {
  name: string
  ready: RegExp
  prepare: (folder: string) => Promise<Command>
}): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), `auto-refresh-${name}-`))
  const logFile = join(folder, 'server.log')
  let running: { child: ChildProcess; stopWatching: () => void } | undefined

  async function startServer(): Promise<void> {
    if (running !== undefined && !hasEnded(running.child)) return
    await end('SIGKILL')
    const seen = (await stat(logFile).catch(() => ({ size: 0 }))).size
    const child = await spawnServer(command, { folder, logFile })
    running = { child, stopWatching: killWithParent({ pid: child.pid ?? 0, folder }) }
    const newLog = async () => (await readFile(logFile)).subarray(seen).toString()
    await eventually(async () => {
      if (ready.test(await newLog())) return true
      if (hasEnded(child)) throw new Error(`${name} ended`)
      return false
    }, READY_DEADLINE_MS).catch(async (error: unknown) => {
      const lines = (await newLog()).trim().split('\n').slice(-3).join(' | ')
      await end('SIGKILL')
      throw new Error(`${name} did not start: ${lines}`, { cause: error })
    })
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (running === undefined) return
    const { child, stopWatching } = running
    running = undefined
    stopWatching()
    if (hasEnded(child)) return
    const ended = once(child, 'exit')
    child.ref()
    child.kill('SIGCONT')
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
    await ended
    clearTimeout(late)
  }

  async function stop(): Promise<void> {
    await end('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  }

  const command = await prepare(folder).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  await startServer().catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    startServer,
    stopServer: () => end('SIGTERM'),
    killServer: () => end('SIGKILL'),
    freezeServer: () => void running?.child.kill('SIGSTOP'),
    thawServer: () => void running?.child.kill('SIGCONT'),
    stop,
  }
}

/** In its own session, so that Ctrl-C does not reach it; it does not keep this process alive. */
async function spawnServer(
  { file, args }: Command,
  { folder, logFile }: { folder: string; logFile: string },
): Promise<ChildProcess> {
  const log = await open(logFile, 'a')
  try {
    const child = spawn(file, args, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    await once(child, 'spawn')
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null
