import { TokenManager, attachAutoRefresh, memoryStorage, type AuthEvents, type TokenManagerOptions } from '@auto-refresh/client'
import { createTestDatabase } from '@auto-refresh/local-engines'
import axios from 'axios'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { call } from './api.ts'
import { eventually, letPass } from './eventually.ts'
import { startStandalone, temporaryFolder, type Standalone } from './start-standalone.ts'

let system: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  // An access token lives 3 s; a superseded refresh token is a theft after 1 s.
  const env = { ACCESS_TOKEN_EXPIRE_MINUTES: '0.05', AUTO_REFRESH_THRESHOLD: '1', REFRESH_GRACE_SECONDS: '1', LOG_LEVEL: 'info' }
  system = await (await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })).ready()
})
afterAll(async () => {
  await system.stop()
  await folder.remove()
  await database.drop()
})

const managers: TokenManager[] = []
afterEach(() => managers.splice(0).forEach((manager) => manager.dispose()))

/** Counts the calls of the refresh; `losing` carries calls out and loses their answers, `cut` does not even send them. */
function watchedFetch() {
  const watch = { refreshes: 0, losing: false, cut: false, cookie: '' }
  const watched: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers)
    if (init?.credentials === 'include' && watch.cookie !== '') headers.set('Cookie', watch.cookie)
    const isRefresh = new Request(input).url.endsWith('/refresh')
    if (isRefresh) watch.refreshes += 1
    if (isRefresh && watch.cut) throw new TypeError('fetch failed')
    // As it is when the call is made: its answer may come later than what the test does next.
    const { losing } = watch
    const response = await fetch(input, { ...init, headers })
    if (isRefresh && losing) throw new TypeError('fetch failed')
    for (const cookie of response.headers.getSetCookie()) watch.cookie = cookie.split(';')[0] ?? ''
    return response
  }
  return { watch, fetch: watched }
}
function setUp(options: TokenManagerOptions = {}) {
  const { watch, fetch } = watchedFetch()
  const manager = new TokenManager({ baseURL: system.url, storage: memoryStorage(), fetch, ...options })
  managers.push(manager)
  const ended: Array<AuthEvents['session-ended']> = []
  manager.on('session-ended', (event) => ended.push(event))
  return { watch, manager, ended }
}
const me = '/api/v1/auth/me'
const expire = async (watch: { cut: boolean }) => {
  watch.cut = true
  await letPass(3.2)
  watch.cut = false
}

test('five requests with an expired token make one refresh, and all are answered', async () => {
  const { watch, manager } = setUp()
  await manager.login('admin', 'password')
  // Without its timer, as a page that slept.
  manager.dispose()
  await letPass(3.2)
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => manager.request(me)))
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(watch.refreshes).toBe(1)
  expect(await system.alarms()).toBe(0)
})

test('five axios requests with an expired token make one refresh, and all are answered', async () => {
  const { watch, manager } = setUp()
  await manager.login('admin', 'password')
  manager.dispose()
  const api = axios.create({ baseURL: system.url })
  attachAutoRefresh(api, manager)
  await letPass(3.2)
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => api.get<{ data: { username: string } }>(me)))
  expect(answers.map(({ data }) => data.data.username)).toEqual(Array(5).fill('admin'))
  expect(watch.refreshes).toBe(1)
})

test('renews by itself, again and again, and never meets a 401', async () => {
  const { watch, manager, ended } = setUp()
  await manager.login('admin', 'password')
  await eventually(async () => {
    expect((await manager.request(me)).status).toBe(200)
    return watch.refreshes >= 3
  }, 20_000)
  expect(ended).toEqual([])
  expect(await system.alarms()).toBe(0)
})

test('an answer that was lost for longer than the grace window keeps the session, over a reload too', async () => {
  const storage = memoryStorage()
  const { watch, manager } = setUp({ storage })
  await manager.login('admin', 'password')
  watch.losing = true
  const before = manager.refreshToken
  manager.refreshTokens().catch(() => {})
  await eventually(() => watch.refreshes > 0)
  // The page dies with its tries.
  manager.dispose()
  watch.losing = false
  watch.cut = true
  await letPass(3)
  expect(manager.refreshToken).toBe(before)

  const reloaded = setUp({ storage: { ...storage } })
  expect((await reloaded.manager.request(me)).status).toBe(200)
  expect(reloaded.manager.refreshToken).not.toBe(before)
  expect(reloaded.ended).toEqual([])
  expect(await system.alarms()).toBe(0)
})

test('signing out ends the session at the server', async () => {
  const { manager, ended } = setUp()
  await manager.login('admin', 'password')
  const { refreshToken } = manager
  await manager.logout()
  expect(ended).toEqual([{ reason: 'logout' }])
  expect((await call(system.url, 'POST', '/api/v1/auth/refresh', { body: { refresh_token: refreshToken } })).code).toBe('refresh_token_revoked')
  expect((await manager.request(me)).status).toBe(401)
})

test('a session that was ended elsewhere ends here once, with the reason', async () => {
  const { manager, watch, ended } = setUp()
  await manager.login('admin', 'password')
  await call(system.url, 'POST', '/api/v1/auth/logout', { body: { refresh_token: manager.refreshToken } })
  await expire(watch)
  expect((await manager.request(me)).status).toBe(401)
  await eventually(() => ended.length > 0)
  expect(ended).toEqual([{ reason: 'refresh_token_revoked' }])
})

test('with the cookie transport no script sees the refresh token, and the session is found again after a reload', async () => {
  const { manager, watch } = setUp({ transport: 'cookie' })
  const { data } = await manager.login('admin', 'password')
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
  expect((await call(system.url, 'POST', '/api/v1/auth/refresh', { headers: { Cookie: cookies.cookie, 'X-Auto-Refresh': '1' } })).status).toBe(400)
})
