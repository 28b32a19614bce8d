import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const READY_DEADLINE_MS = 60_000

export type Environment = Readonly<Record<string, string>>
export type RunningProcess = Readonly<{ pid: number; stop: () => Promise<void> }>

/**
 * Starts an entry file of the repository, after `preload`, and waits until `readyUrl` answers 200.
 * What it says goes to a file, as in production.
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
  const deadline = performance.now() + READY_DEADLINE_MS
  while (!(await isReady(readyUrl))) {
    if (!hasEnded(child) && performance.now() < deadline) {
      await delay(100)
      continue
    }
    child.kill('SIGKILL')
    throw new Error(`${file} does not start:\n${(await readFile(logFile, 'utf8')).slice(-2000)}`)
  }
  return {
    pid: child.pid ?? 0,
    async stop() {
      if (!hasEnded(child)) child.kill('SIGTERM')
      await exited
    },
  }
}

/** Runs an entry file of the repository to its end. */
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

export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return String(address.port)
}

async function isReady(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => undefined))?.status === 200
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) =>
  exitCode !== null || signalCode !== null
