import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { eventually, stopWithParent } from '@auto-refresh/test-engines'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const READY_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 20_000

export type Environment = Readonly<Record<string, string>>
export type RunningProcess = Readonly<{ pid: number; stop: () => Promise<void> }>

/**
 * Starts an entry file of the repository, after `preload`, and waits until `readyUrl` answers 200.
 * Its output goes to a file, as in production.
 */
export async function startProcess({
  file,
  preload,
  env,
  readyUrl,
  logDir,
}: {
  file: string
  preload?: string | undefined
  env: Environment
  readyUrl: string
  logDir: string
}): Promise<RunningProcess> {
  const logFile = join(logDir, `${file.replaceAll('/', '-')}.log`)
  const log = await open(logFile, 'a')
  const child = spawn(
    process.execPath,
    [
      ...(preload === undefined ? [] : ['--import', join(REPOSITORY, preload)]),
      join(REPOSITORY, file),
    ],
    { cwd: logDir, env, stdio: ['ignore', log.fd, log.fd] },
  )
  await log.close()
  const exited = once(child, 'exit')
  stopWithParent(child)
  await eventually(() => {
    if (hasEnded(child)) throw new Error(`${file} ended`)
    return isReady(readyUrl)
  }, READY_DEADLINE_MS).catch(async (error: unknown) => {
    child.kill('SIGKILL')
    const output = await readFile(logFile, 'utf8')
    throw new Error(`${file} did not start:\n${output.slice(-2000)}`, { cause: error })
  })
  return {
    pid: child.pid ?? 0,
    async stop() {
      if (!hasEnded(child)) child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
      await exited
      clearTimeout(timer)
    },
  }
}

/** Runs an entry file of the repository until it exits. */
export async function runStep({
  file,
  args = [],
  env,
  input = '',
}: {
  file: string
  args?: readonly string[]
  env: Environment
  input?: string
}): Promise<void> {
  const child = spawn(process.execPath, [join(REPOSITORY, file), ...args], { env, stdio: 'pipe' })
  child.stdin.end(input)
  const [said, complaint] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (child.exitCode !== 0) throw new Error(`${file} failed: ${complaint}${said}`)
}

async function isReady(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => undefined))?.status === 200
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) =>
  exitCode !== null || signalCode !== null
