import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { eventually, findFreePort, stopWithParent } from '@auto-refresh/test-engines'
import { REPOSITORY } from './start-standalone.ts'

export type ServiceName = 'auth-api' | 'token-store' | 'cleanup-worker' | 'threat-monitor'
export type ServiceProcess = Awaited<ReturnType<typeof startService>>

/**
 * Starts one service as `npm run start -w services/<name>` does: a process that knows only its
 * environment. `repository` is the folder of another release.
 */
export async function startService(
  name: ServiceName,
  env: Record<string, string>,
  ports?: { port: number; adminPort: number },
  repository = REPOSITORY,
) {
  const { port, adminPort } = ports ?? {
    port: await findFreePort(),
    adminPort: await findFreePort(),
  }
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: join(repository, 'services', name),
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  stopWithParent(child)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  let exit: number | string | null | undefined
  const exited = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => {
      exit = code ?? signal
      resolve(exit)
    })
  })
  const adminUrl = `http://127.0.0.1:${adminPort}`
  await eventually(async () => {
    if (exit !== undefined) throw new Error(`${name} ended with ${exit}:\n${output}`)
    return (await fetch(`${adminUrl}/readyz`).catch(() => undefined))?.status === 200
  }, 90_000)
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    adminUrl,
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    async stop() {
      if (exit === undefined) child.kill('SIGTERM')
      return exited
    },
    /** Starts the same service again, of this release, on the same ports. */
    again: () => startService(name, env, { port, adminPort }),
    async metric(line: RegExp) {
      return Number(line.exec(await (await fetch(`${adminUrl}/metrics`)).text())?.[1])
    },
  }
}

/** Settings that all processes of one system share. */
export function sharedEnvironment({
  databaseUrl,
  brokers,
}: {
  databaseUrl: string
  brokers: string
}): Record<string, string> {
  const key = () => randomBytes(32).toString('base64')
  return {
    DATABASE_URL: databaseUrl,
    KAFKA_BROKERS: brokers,
    REFRESH_TOKEN_KEYS: `1:${key()}`,
    SIGNING_KEY_ENCRYPTION_KEYS: `1:${key()}`,
    USERNAME_HASH_KEY: key(),
    INTERNAL_API_KEYS: randomBytes(24).toString('hex'),
    LOGIN_IP_LIMIT: 'off',
    LOGIN_ACCOUNT_LIMIT: 'off',
  }
}
