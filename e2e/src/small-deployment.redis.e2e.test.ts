import { createTestDatabase, eventually, startOwnRedis } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, login, refresh, toPair, type Pair } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

/** Two standalone processes on one database with the same keys, as in deploy/compose.small.yml. */
const CLIENTS = 24
/** Refreshes of each client while a process is killed. */
const REFRESHES = 8
const env = { LOGIN_LIMIT: '3/300' }
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let redis: Awaited<ReturnType<typeof startOwnRedis>>
let systems: Standalone[]

const start = (own: { env?: Record<string, string>; ports?: Standalone['ports'] } = {}) =>
  startStandalone({
    dataDir: folder.path,
    databaseUrl: database.url,
    ...own,
    env: { ...env, ...own.env },
  }).then((system) => system.ready())
const startTwo = (own: Record<string, string> = {}) =>
  Promise.all([start({ env: own }), start({ env: own })])
const stopAll = () => Promise.all(systems.map((system) => system.stop()))
const urlOf = (i: number) => systems[i % systems.length]?.url ?? ''

beforeAll(async () => {
  ;[database, folder, redis] = await Promise.all([
    createTestDatabase(),
    temporaryFolder(),
    startOwnRedis(),
  ])
  systems = await startTwo()
})
afterAll(async () => {
  await stopAll()
  await redis.stop()
  await folder.remove()
  await database.drop()
})

/** As a load balancer does: a request that got no response, or a 503, goes to the other process. */
async function refreshAnywhere(first: number, token: string): Promise<Pair> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const answer = await refresh(urlOf(first + attempt), token).catch(() => undefined)
    if (answer !== undefined && answer.status !== 503) return toPair(answer)
  }
  throw new Error('Neither process answered')
}

test.each([0, 1])(
  'while process %i is killed with -9 the other one answers, and no session is lost',
  async (killed) => {
    const clients: Pair[] = []
    for (let i = 0; i < CLIENTS; i += 1) clients.push(await login(urlOf(i)))
    let refreshed = 0
    const running = Promise.all(
      clients.map(async (_, i) => {
        for (let n = 0; n < REFRESHES; n += 1) {
          clients[i] = await refreshAnywhere(i + n, clients[i]?.refresh ?? '')
          refreshed += 1
          if (refreshed === CLIENTS) systems[killed]?.kill('SIGKILL')
        }
      }),
    )
    await running
    const ended = await systems[killed]?.exited
    expect(ended?.signal).toBe('SIGKILL')
    systems[killed] = await start({ ports: systems[killed]?.ports ?? { port: 0, adminPort: 0 } })

    for (const [i, { access }] of clients.entries())
      for (const each of [0, 1])
        expect(
          (
            await call(urlOf(i + each), 'GET', '/api/v1/auth/me', {
              headers: { authorization: `Bearer ${access}` },
            })
          ).status,
        ).toBe(200)
    for (const system of systems) expect(await system.alarms()).toBe(0)
  },
)

const wrong = async (i: number, username: string) =>
  (
    await call(urlOf(i), 'POST', '/api/v1/auth/token', {
      body: { username, password: 'a wrong password' },
    })
  ).status

/** Signs in with a wrong password until the limit applies; one more try is let through each 10 s. */
async function exceedLimit(i: number, username: string): Promise<void> {
  await eventually(async () => (await wrong(i, username)) === 429)
}

test('without Redis each process counts the failed sign-ins that it sees', async () => {
  await exceedLimit(0, 'nobody')
  expect(await wrong(1, 'nobody')).toBe(401)
})

test('with Redis both processes share the limits', async () => {
  await stopAll()
  systems = await startTwo({ REDIS_URL: redis.url })
  await exceedLimit(0, 'nobody')
  expect(await wrong(1, 'nobody')).toBe(429)
})
