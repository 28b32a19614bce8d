import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '@auto-refresh/test-engines'
import { runStep, startProcess, type Environment, type RunningProcess } from './run-process.ts'

/**
 * A system that refreshes, as its own processes. `sessions` are the current refresh tokens.
 */
export type Target = Readonly<{
  name: string
  url: string
  path: string
  contentType: string
  toBody: (token: string) => string
  sessions: string[]
  /** the next session of a load that takes all in turn */
  cursor: { next: number }
  database: string
  pids: readonly number[]
  stop: () => Promise<void>
}>
type Options = Readonly<{ sessions: number; databaseUrl: string; logDir: string; path: string }>

/** The user of all sessions. */
export const USER = { username: 'admin', password: randomBytes(12).toString('hex') }
const LIMITS_OFF = {
  LOGIN_LIMIT: 'off',
  LOGIN_IP_LIMIT: 'off',
  LOGIN_ACCOUNT_LIMIT: 'off',
  REFRESH_LIMIT: 'off',
  REFUSED_REFRESH_LIMIT: 'off',
  SESSION_LIMIT: '10000',
}
const OUR_API = {
  path: '/api/v1/auth/refresh',
  contentType: 'application/json',
  toBody: (token: string) => JSON.stringify({ refresh_token: token }),
}
/** The fields that every target has alike. */
const toCommon = (databaseUrl: string) => ({
  cursor: { next: 0 },
  database: new URL(databaseUrl).pathname.slice(1),
})
const toUrl = (port: string) => `http://127.0.0.1:${port}`

/** The minimum of such a server: HTTP, schemas, one signature. It stores nothing. */
export async function startFloor({
  sessions,
  databaseUrl,
  logDir,
  path,
}: Options): Promise<Target> {
  const port = String(await findFreePort())
  const server = await startProcess({
    file: 'bench/src/floor/main.ts',
    env: { ...toBase(path), PORT: port },
    readyUrl: `${toUrl(port)}/ready`,
    logDir,
  })
  return {
    name: 'floor',
    url: toUrl(port),
    ...OUR_API,
    sessions: Array.from({ length: sessions }, (_, index) => `none ${index}`),
    ...toCommon(databaseUrl),
    pids: [server.pid],
    stop: server.stop,
  }
}

/** oidc-provider with rotating refresh tokens and the same kind of access token. */
export async function startPeer({ sessions, databaseUrl, logDir, path }: Options): Promise<Target> {
  const port = String(await findFreePort())
  const env = { ...toBase(path), PORT: port, DATABASE_URL: databaseUrl }
  const server = await startProcess({
    file: 'bench/src/peer/main.ts',
    env,
    readyUrl: `${toUrl(port)}/sessions?count=0`,
    logDir,
  })
  const tokens = (await (
    await fetch(`${toUrl(port)}/sessions?count=${sessions}`)
  ).json()) as string[]
  return {
    name: 'peer',
    url: toUrl(port),
    path: '/token',
    contentType: 'application/x-www-form-urlencoded',
    toBody: (token) => `grant_type=refresh_token&client_id=bench&refresh_token=${token}`,
    sessions: tokens,
    ...toCommon(databaseUrl),
    pids: [server.pid],
    stop: server.stop,
  }
}

/** `npm start` on the given database. */
export async function startOneProcess({
  name = 'one process',
  settings = {},
  preload,
  sessions,
  databaseUrl,
  logDir,
  path,
}: Options & { name?: string; settings?: Environment; preload?: string }): Promise<Target> {
  const [port, adminPort] = [String(await findFreePort()), String(await findFreePort())]
  const env = {
    ...toBase(path),
    ...LIMITS_OFF,
    DATABASE_URL: databaseUrl,
    DATA_DIR: join(logDir, name),
    DEMO_USER_PASSWORD: USER.password,
    PORT: port,
    ADMIN_PORT: adminPort,
    ...settings,
  }
  const server = await startProcess({
    file: 'services/standalone/src/main.ts',
    preload,
    env,
    readyUrl: `${toUrl(adminPort)}/readyz`,
    logDir,
  })
  return {
    name,
    url: toUrl(port),
    ...OUR_API,
    sessions: await signIn(toUrl(port), sessions),
    ...toCommon(databaseUrl),
    pids: [server.pid],
    stop: server.stop,
  }
}

/** auth-api, token-store and cleanup-worker, one of each, with HTTP and Kafka between them. */
export async function startServices({
  sessions,
  databaseUrl,
  logDir,
  path,
  brokers,
}: Options & { brokers: string }): Promise<Target> {
  const key = () => randomBytes(32).toString('base64')
  const [port, storePort, workerPort] = [
    String(await findFreePort()),
    String(await findFreePort()),
    String(await findFreePort()),
  ]
  const env = {
    ...toBase(path),
    ...LIMITS_OFF,
    DATABASE_URL: databaseUrl,
    DATA_DIR: logDir,
    DEMO_USER_PASSWORD: USER.password,
    KAFKA_BROKERS: brokers,
    KAFKA_REPLICATION: '1',
    TOKEN_STORE_URL: toUrl(storePort),
    CLEANUP_WORKER_URL: toUrl(workerPort),
    REFRESH_TOKEN_KEYS: `1:${key()}`,
    SIGNING_KEY_ENCRYPTION_KEYS: `1:${key()}`,
    USERNAME_HASH_KEY: key(),
    INTERNAL_API_KEYS: key(),
  }
  const cli = 'services/standalone/src/operations/cli.ts'
  await runStep({ file: cli, args: ['migrate'], env })
  await runStep({ file: cli, args: ['topics'], env })
  await runStep({
    file: cli,
    args: ['user', 'add', USER.username, '--password-stdin'],
    input: USER.password,
    env,
  })
  const running: RunningProcess[] = []
  for (const [service, itsPort] of [
    ['token-store', storePort],
    ['cleanup-worker', workerPort],
    ['auth-api', port],
  ] as const) {
    const adminPort = String(await findFreePort())
    const file = `services/${service}/src/main.ts`
    running.push(
      await startProcess({
        file,
        env: { ...env, PORT: itsPort, ADMIN_PORT: adminPort },
        readyUrl: `${toUrl(adminPort)}/readyz`,
        logDir,
      }),
    )
  }
  return {
    name: 'services',
    url: toUrl(port),
    ...OUR_API,
    sessions: await signIn(toUrl(port), sessions),
    ...toCommon(databaseUrl),
    pids: running.map(({ pid }) => pid),
    async stop() {
      for (const each of running.toReversed()) await each.stop()
    },
  }
}

/** One sign-in after the other, because password hashing is deliberately slow. */
async function signIn(url: string, sessions: number): Promise<string[]> {
  const tokens: string[] = []
  while (tokens.length < sessions) {
    const response = await fetch(`${url}/api/v1/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(USER),
    })
    const { data } = (await response.json()) as { data: { refresh_token: string } | null }
    const token = data?.refresh_token
    if (token !== undefined) tokens.push(token)
    else if (response.status === 503) await delay(100)
    else throw new Error(`${url} rejected the sign-in with ${response.status}`)
  }
  return tokens
}

const toBase = (path: string): Environment => ({
  PATH: path,
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
})
