import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The first process of a running server. */
type Postmaster = Readonly<{ pid: number; port: number }>

/** Finds the server that runs on this data directory, started by any process. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const file = join(data, 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => '')
  const [pid, , , port] = text.split('\n').map(Number)
  if (pid === undefined || !(pid > 0) || port === undefined || !(port > 0)) return undefined
  if (await isPostmaster(pid, data)) return { pid, port }
  // The id may belong to another process or a zombie now, which Postgres would take for a server.
  if ((await readFile(file, 'utf8').catch(() => '')) === text) await rm(file, { force: true })
  return undefined
}

/** Whether the process is a running Postgres on this data directory, not a reused id or a zombie. */
export async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return commandLine.split('\0').includes(data)
  }
  const { stdout } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return stdout.includes(data)
}

/**
 * Stops the server cleanly (fast shutdown), or after 10 s at once: then the next start needs a
 * recovery, but no data is lost. Throws if it does not stop.
 */
export async function endPostmaster(pid: number, data: string): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5000],
    ['SIGKILL', 5000],
  ] as const) {
    if (!(await isPostmaster(pid, data))) return
    process.kill(pid, signal)
    if (await hasEnded(pid, data, waitMs)) return
  }
  throw new Error(`Postgres (process ${pid}) did not stop`)
}

/** Waits up to `waitMs` for the server to end, and returns whether it has. */
export async function hasEnded(pid: number, data: string, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  while (await isPostmaster(pid, data)) {
    if (performance.now() > deadline) return false
    await delay(20)
  }
  return true
}
