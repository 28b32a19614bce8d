import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { errorCode } from './error-code.ts'
import { SERVER_ENVIRONMENT, type Instance } from './instance.ts'

const LOG_LIMIT_BYTES = 1_000_000
const READY_DEADLINE_MS = 60_000
/** Above 10080, the last port that fetch and browsers block. */
const LOWEST_PORT = 10_081
/** Linux assigns ephemeral ports from here on, other systems from higher numbers. */
const SYSTEM_PORTS_FROM = 32_768
const PORT_ATTEMPTS = 100

/**
 * No socket file (its path may be too long), UTC, frequent vacuum for the queue tables, and no data
 * in the log.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  autovacuum_naptime: '5s',
  wal_compression: 'off',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}

type Start = Readonly<{ port: number; settings?: Record<string, string> }>

/** Starts a server, and resolves to its process id and a first connection. */
export async function startServer(
  instance: Instance,
  start: Start,
): Promise<{ pid: number; client: Client }> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const { child, logStart } = await spawnServer(instance, start)
    try {
      const client = await connectWhenReady(instance, {
        port: start.port,
        isAlive: () => child.exitCode === null && child.signalCode === null,
      })
      return { pid: child.pid ?? 0, client }
    } catch (error) {
      child.kill('SIGQUIT')
      // The last processes of a killed server need a moment to end and to free its shared memory.
      const log = (await readFile(instance.log).catch(() => Buffer.alloc(0)))
        .subarray(logStart)
        .toString()
      if (!log.includes('shared memory block') || performance.now() > deadline) throw error
      await delay(100)
    }
  }
}

/** Starts it in a session of its own, so that Ctrl-C does not reach it. */
async function spawnServer(
  instance: Instance,
  { port, settings = {} }: Start,
): Promise<{ child: ChildProcess; logStart: number }> {
  const log = await open(instance.log, 'a', 0o600)
  try {
    if ((await log.stat()).size > LOG_LIMIT_BYTES) await log.truncate()
    const logStart = (await log.stat()).size
    const flags = Object.entries({ ...SETTINGS, port: String(port), ...settings }).flatMap(
      ([name, value]) => ['-c', `${name}=${value}`],
    )
    const [file = '', ...args] = [
      ...instance.launcher.prefix,
      instance.binaries.postgres,
      '-D',
      instance.data,
      ...flags,
    ]
    const child = spawn(file, args, {
      ...instance.launcher.identity,
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    child.unref()
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', () => resolve({ child, logStart }))
    })
  } finally {
    await log.close()
  }
}

/** With `sslmode`, which overrides a `PGSSLMODE` that may be set for another server. */
export function toUrl({ password }: Pick<Instance, 'password'>, port: number): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=disable`
}

/** `options` and `sslnegotiation` override `PGOPTIONS` and `PGSSLNEGOTIATION` of another server. */
const OWNER = {
  application_name: 'owner',
  keepAlive: true,
  connectionTimeoutMillis: 5000,
  options: '-c lock_timeout=3s -c statement_timeout=0 -c idle_session_timeout=0',
  sslnegotiation: 'postgres',
} as const

type Target = Readonly<{ port: number; isAlive: () => boolean | Promise<boolean> }>

/**
 * Retries until the server accepts the connection. Throws an `Error` with the end of its log if its
 * process ends or after 60 s.
 */
export async function connectWhenReady(
  instance: Instance,
  { port, isAlive }: Target,
): Promise<Client> {
  const deadline = performance.now() + READY_DEADLINE_MS
  for (;;) {
    const client = new Client({ connectionString: toUrl(instance, port), ...OWNER })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (error) {
      if (!isNotReadyYet(error)) throw error
    }
    if (!(await isAlive())) throw new Error(`Postgres ended: ${await lastLines(instance.log)}`)
    if (performance.now() > deadline)
      throw new Error(
        `Postgres is not ready after ${READY_DEADLINE_MS / 1000} s: ${await lastLines(instance.log)}`,
      )
    await delay(25)
  }
}

/** 57P03: the server is starting up, recovering or shutting down. */
function isNotReadyYet(error: unknown): boolean {
  const code = errorCode(error)
  return (
    code === 'ECONNREFUSED' ||
    code === 'ECONNRESET' ||
    code === '57P03' ||
    (error instanceof Error && error.message.startsWith('Connection terminated'))
  )
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-3).join(' | ')
}

/**
 * Finds a port without a listener, outside the ephemeral range: a port of that range could be
 * assigned to another process before the server listens or while it is down.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST_PORT, SYSTEM_PORTS_FROM)
    if (await isFree(port)) return port
  }
  throw new Error('No free port found')
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
