import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually, findFreePort, stopWithParent } from '@auto-refresh/test-engines'

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
const MAIN = 'services/standalone/src/main.ts'

export type Standalone = Awaited<ReturnType<typeof startStandalone>>

export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'auto refresh e2e '))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/**
 * Starts the process of `npm start`. Without `databaseUrl` it uses its embedded Postgres.
 * `repository` is the folder of another release.
 */
export async function startStandalone(options: {
  repository?: string
  dataDir: string
  databaseUrl?: string
  env?: Record<string, string>
  ports?: { port: number; adminPort: number }
}) {
  const ports = options.ports ?? { port: await findFreePort(), adminPort: await findFreePort() }
  const env = {
    PATH: process.env['PATH'] ?? '',
    DATA_DIR: options.dataDir,
    PORT: String(ports.port),
    ADMIN_PORT: String(ports.adminPort),
    LOGIN_IP_LIMIT: 'off',
    LOGIN_ACCOUNT_LIMIT: 'off',
    // Several processes on one database have the same issuer.
    ISSUER: 'http://localhost:8000',
    ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
    ...options.env,
  }
  const repository = options.repository ?? REPOSITORY
  const child = spawn(process.execPath, [join(repository, MAIN)], {
    env,
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  stopWithParent(child)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  let exit: { code: number | null; signal: string | null } | undefined
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    // Not at 'exit', because its last output may arrive later.
    child.on('close', (code, signal) => {
      exit = { code, signal }
      resolve(exit)
    })
  })

  const system = {
    url: `http://127.0.0.1:${ports.port}`,
    adminUrl: `http://127.0.0.1:${ports.adminPort}`,
    ports,
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    /** The number of sessions that were ended as stolen. */
    async alarms() {
      const text = await (await fetch(`http://127.0.0.1:${ports.adminPort}/metrics`)).text()
      return Number(/^auth_reuse_detected_total (\d+)$/m.exec(text)?.[1])
    },
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    async stop() {
      if (exit === undefined) child.kill('SIGTERM')
      return exited
    },
    async ready() {
      await eventually(() => {
        if (exit !== undefined)
          throw new Error(`standalone ended with ${exit.code ?? exit.signal}:\n${output}`)
        // Releases before 0.1.0 do not say their version.
        return /Auto Refresh Token (\S+ )?is ready/.test(output)
      }, 90_000)
      return system
    },
  }
  return system
}
