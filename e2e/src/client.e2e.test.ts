import {
  AuthError,
  TokenManager,
  attachAutoRefresh,
  memoryStorage,
  type AuthEvents,
  type TokenManagerOptions,
} from '@auto-refresh/client'
import { createTestDatabase, eventually, waitSeconds } from '@auto-refresh/test-engines'
import axios from 'axios'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ageSession } from './harness/age-session.ts'
import { call } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { SHORT_LIVED, LONG_LIVED } from './harness/token-lifetimes.ts'

/**
 * Two processes on one database: tokens of `system` are fresh for the whole test, those of `brief`
 * expire within seconds.
 */
let system: Standalone
let brief: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  const start = async (env: Record<string, string>) =>
    (await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })).ready()
  system = await start(LONG_LIVED)
  brief = await start(SHORT_LIVED)
})
afterAll(async () => {
  await Promise.all([system.stop(), brief.stop()])
  await folder.remove()
  await database.drop()
})

const managers: TokenManager[] = []
afterEach(() => managers.splice(0).forEach((manager) => manager.dispose()))

/**
 * Sends the calls to the process `to` and counts the refreshes that returned a pair. `losing`
 * performs refreshes but loses their responses, which it counts too; `cut` does not send them.
 * `claimed` is the lifetime that responses state instead of the real one.
 */
function watchedFetch() {
  const watch = {
    to: system,
    refreshes: 0,
    lost: 0,
    refused: 0,
    losing: false,
    cut: false,
    cookie: '',
    claimed: 0,
  }
  const watched: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers)
    if (init?.credentials === 'include' && watch.cookie !== '') headers.set('Cookie', watch.cookie)
    const { url } = new Request(input)
    const isRefresh = url.endsWith('/refresh')
    if (isRefresh && watch.cut) throw new TypeError('fetch failed')
    // The value at the time of the call: its response may arrive after the test's next step.
    const { losing } = watch
    const response = await fetch(url.replace(system.url, watch.to.url), { ...init, headers })
    if (isRefresh && losing && response.ok) watch.lost += 1
    if (isRefresh && losing) throw new TypeError('fetch failed')
    if (isRefresh && response.ok) watch.refreshes += 1
    if (response.status === 401) watch.refused += 1
    for (const cookie of response.headers.getSetCookie()) watch.cookie = cookie.split(';')[0] ?? ''
    if (watch.claimed === 0 || !response.ok) return response
    return new Response(
      (await response.text()).replace(/"expires_in":\d+/, `"expires_in":${watch.claimed}`),
      response,
    )
  }
  return { watch, fetch: watched }
}
function setUp(options: TokenManagerOptions = {}) {
  const { watch, fetch } = watchedFetch()
  const manager = new TokenManager({
    baseURL: system.url,
    storage: memoryStorage(),
    fetch,
    ...options,
  })
  managers.push(manager)
  const ended: Array<AuthEvents['session-ended']> = []
  manager.on('session-ended', (event) => ended.push(event))
  return { watch, manager, ended }
}
const me = '/api/v1/auth/me'
type SetUp = ReturnType<typeof setUp>

/** Signs in; retries while the process is busy. */
const signIn = ({ manager }: Pick<SetUp, 'manager'>) =>
  eventually(() =>
    manager.login('admin', 'password').catch((error: unknown) => {
      if (error instanceof AuthError && error.retryable) return undefined
      throw error
    }),
  )
/**
 * Signs in with a token that expires within seconds, without the manager's timer, as in a sleeping
 * page. A refresh then brings a long-lived token.
 */
async function signInBriefly({ watch, manager }: Pick<SetUp, 'watch' | 'manager'>) {
  watch.to = brief
  await signIn({ manager })
  manager.dispose()
  watch.to = system
}
/** The client counts the lifetime from the arrival, the server from the issue, which is earlier. */
const expire = () => waitSeconds(3.2)

test('five requests with an expired token cause one refresh, and all succeed', async () => {
  const { watch, manager } = setUp()
  await signInBriefly({ watch, manager })
  await expire()
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => manager.request(me)))
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(watch.refreshes).toBe(1)
  expect(await system.alarms()).toBe(0)
})

test('five axios requests with an expired token cause one refresh, and all succeed', async () => {
  const { watch, manager } = setUp()
  await signInBriefly({ watch, manager })
  const api = axios.create({ baseURL: system.url })
  attachAutoRefresh(api, manager)
  await expire()
  const answers = await Promise.all(
    [1, 2, 3, 4, 5].map(() => api.get<{ data: { username: string } }>(me)),
  )
  expect(answers.map(({ data }) => data.data.username)).toEqual(Array(5).fill('admin'))
  expect(watch.refreshes).toBe(1)
})

test('the timer refreshes again and again, and no request gets a 401', async () => {
  const { watch, manager, ended } = setUp()
  // The response says that tokens live 2 s; the server accepts them longer, for a slow machine.
  watch.claimed = 2
  await signIn({ manager })
  await eventually(async () => {
    expect((await manager.request(me)).status).toBe(200)
    return watch.refreshes >= 3
  })
  expect(watch.refused).toBe(0)
  expect(ended).toEqual([])
  expect(await system.alarms()).toBe(0)
})

test('a response lost for longer than the grace window keeps the session, even over a reload', async () => {
  const storage = memoryStorage()
  const { watch, manager } = setUp({ storage })
  await signInBriefly({ watch, manager })
  watch.losing = true
  const before = manager.refreshToken
  manager.refreshTokens().catch(() => {})
  await eventually(() => watch.lost > 0)
  // The page and its retries end.
  watch.losing = false
  watch.cut = true
  await ageSession(database.url, before ?? '')
  await expire()
  expect(manager.refreshToken).toBe(before)

  const reloaded = setUp({ storage: { ...storage } })
  expect((await reloaded.manager.request(me)).status).toBe(200)
  expect(reloaded.manager.refreshToken).not.toBe(before)
  expect(reloaded.ended).toEqual([])
  expect(await system.alarms()).toBe(0)
})

test('signing out ends the session at the server', async () => {
  const { manager, ended } = setUp()
  await signIn({ manager })
  const { refreshToken } = manager
  await manager.logout()
  expect(ended).toEqual([{ reason: 'logout' }])
  expect(
    (
      await call(system.url, 'POST', '/api/v1/auth/refresh', {
        body: { refresh_token: refreshToken },
      })
    ).code,
  ).toBe('refresh_token_revoked')
  expect((await manager.request(me)).status).toBe(401)
})

test('a session ended elsewhere ends here once, with the reason', async () => {
  const { manager, watch, ended } = setUp()
  await signInBriefly({ watch, manager })
  await call(system.url, 'POST', '/api/v1/auth/logout', {
    body: { refresh_token: manager.refreshToken },
  })
  await expire()
  const answers = await Promise.all([1, 2, 3].map(() => manager.request(me)))
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
  await eventually(() => ended.length > 0)
  expect(ended).toEqual([{ reason: 'refresh_token_revoked' }])
})

test('with the cookie transport no script sees the refresh token, and the session is found again after a reload', async () => {
  const { manager, watch } = setUp({ transport: 'cookie' })
  const { data } = await signIn({ manager })
  expect(data).not.toHaveProperty('refresh_token')
  expect(manager.refreshToken).toBeNull()
  const first = watch.cookie
  expect(first).toMatch(/^refresh_token=art_/)
  await manager.refreshTokens()
  expect(watch.cookie).not.toBe(first)

  const { watch: cookies, fetch } = watchedFetch()
  cookies.cookie = watch.cookie
  manager.dispose()
  const reloaded = setUp({ transport: 'cookie', fetch })
  expect((await reloaded.manager.request(me)).status).toBe(200)
  await reloaded.manager.logout()
  expect(
    (
      await call(system.url, 'POST', '/api/v1/auth/refresh', {
        headers: { Cookie: cookies.cookie, 'X-Auto-Refresh': '1' },
      })
    ).status,
  ).toBe(400)
})
