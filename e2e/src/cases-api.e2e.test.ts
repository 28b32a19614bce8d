import { createTestDatabase } from '@auto-refresh/local-engines'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call, login, me, refresh, toPair, type Answer, type Pair } from './api.ts'
import { eventually, letPass } from './eventually.ts'
import { startCasesApi, type CasesApi } from './start-cases-api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './start-standalone.ts'

/** Another back end, a process of its own, on the plugin. A token lives 8 s and is due from its fourth second on. */
const LIFE_SECONDS = 8
const WINDOW_SECONDS = 2
const DUE_SECONDS = 4.1
const env = {
  ACCESS_TOKEN_EXPIRE_MINUTES: String(LIFE_SECONDS / 60), AUTO_REFRESH_THRESHOLD: '4', REFRESH_GRACE_SECONDS: String(WINDOW_SECONDS), REFRESH_LIMIT: 'off',
}
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let system: Standalone
let cases: CasesApi

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  system = await (await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })).ready()
  cases = await startCasesApi({ dataDir: folder.path, authApiUrl: system.url })
  await cases.listening()
})
afterAll(async () => {
  await cases.stop()
  await system.stop()
  await folder.remove()
  await database.drop()
})
beforeEach(async () => eventually(async () => (await fetch(`${cases.url}/readyz`)).ok, 10_000))

/** What the guide's client sends with every request. */
const ask = ({ access, refresh: token }: Pair, path = '', method = 'GET') =>
  call(cases.url, method, `/api/v1/cases${path}`, { headers: { authorization: `Bearer ${access}`, 'x-refresh-token': token } })

/** What it takes from an answer. */
const renewedBy = ({ headers }: Answer): Pair | undefined =>
  headers.get('x-token-refreshed') === 'true' ? { access: headers.get('x-new-access-token') ?? '', refresh: headers.get('x-new-refresh-token') ?? '' } : undefined

describe('the guide\'s request against another back end', () => {
  test('a fresh token passes, a due one brings the next pair along, and that one works everywhere', async () => {
    const pair = await login(system.url)
    const fresh = await ask(pair)
    expect([fresh.status, renewedBy(fresh)]).toEqual([200, undefined])
    expect(fresh.text).toContain('The lost answer')

    await letPass(DUE_SECONDS)
    const due = await ask(pair)
    const next = renewedBy(due)
    expect(due.status).toBe(200)
    expect(due.headers.get('cache-control')).toBe('no-store, private')
    expect(due.headers.get('access-control-expose-headers')).toContain('x-new-refresh-token')
    if (next === undefined) throw new Error('nothing was renewed')
    expect((await ask(next)).status).toBe(200)
    expect((await me(system.url, next.access)).status).toBe(200)
    expect((await refresh(system.url, next.refresh)).status).toBe(200)
    expect(await system.alarms()).toBe(0)
  })

  test('fifty requests at once with a due token get one successor and no alarm', async () => {
    const pair = await login(system.url)
    await letPass(DUE_SECONDS)
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(pair)))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(new Set(answers.map((answer) => renewedBy(answer)?.refresh)).size).toBe(1)
    expect(await system.alarms()).toBe(0)
  })

  test('an expired token is renewed, and without a refresh token it is a 401', async () => {
    const pair = await login(system.url)
    await letPass(LIFE_SECONDS + 0.2)
    expect((await call(cases.url, 'GET', '/api/v1/cases', { headers: { authorization: `Bearer ${pair.access}` } })).code).toBe('access_token_expired')
    const answer = await ask(pair)
    expect([answer.status, typeof renewedBy(answer)?.access]).toEqual([200, 'string'])
  })

  test('a 4xx spends no token; a stream brings the pair along', async () => {
    const pair = await login(system.url)
    await letPass(DUE_SECONDS)
    const missing = await ask(pair, '/none')
    expect([missing.status, renewedBy(missing)]).toEqual([404, undefined])
    const response = await fetch(`${cases.url}/api/v1/cases/export`, { headers: { authorization: `Bearer ${pair.access}`, 'x-refresh-token': pair.refresh } })
    expect([response.status, response.headers.get('x-token-refreshed'), (await response.text()).split('\n').length]).toEqual([200, 'true', 4])
  })

  test('a token in the cookie goes back in the cookie, and a preflight is nobody\'s', async () => {
    const pair = await login(system.url)
    await letPass(DUE_SECONDS)
    const answer = await call(cases.url, 'GET', '/api/v1/cases', { headers: { authorization: `Bearer ${pair.access}`, cookie: `refresh_token=${pair.refresh}` } })
    expect(answer.headers.get('set-cookie')).toMatch(/^refresh_token=art_.*HttpOnly/)
    expect(answer.headers.get('x-new-refresh-token')).toBeNull()
    const preflight = await fetch(`${cases.url}/api/v1/cases`, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization,x-refresh-token' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, 'http://localhost:3000'])
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Refresh-Token')
  })
})

describe('an ended session is refused here too', () => {
  const refusedWithin2s = async (pair: Pair) => {
    await eventually(async () => (await call(cases.url, 'GET', '/api/v1/cases', { headers: { authorization: `Bearer ${pair.access}` } })).code === 'access_token_revoked', 2000)
  }

  test('after a logout elsewhere, within 2 s', async () => {
    const [pair, other] = [await login(system.url), await login(system.url)]
    expect((await ask(pair)).status).toBe(200)
    expect((await call(system.url, 'POST', '/api/v1/auth/logout', { body: { refresh_token: pair.refresh } })).status).toBe(200)
    await refusedWithin2s(pair)
    expect((await ask(other)).status).toBe(200)
  })

  test('after a reuse elsewhere, within 2 s', async () => {
    const stolen = await login(system.url)
    const current = toPair(await refresh(system.url, stolen.refresh))
    await letPass(WINDOW_SECONDS + 0.2)
    expect((await refresh(system.url, stolen.refresh)).code).toBe('refresh_token_reused')
    await refusedWithin2s(current)
  })

  test('a reuse is carried out here before the handler runs, also where that would fail', async () => {
    const stolen = await login(system.url)
    const current = toPair(await refresh(system.url, stolen.refresh))
    const before = await system.alarms()
    await letPass(DUE_SECONDS)
    const answer = await ask({ access: current.access, refresh: stolen.refresh }, '/none')
    expect([answer.status, answer.code]).toEqual([401, 'refresh_token_reused'])
    expect(await system.alarms()).toBe(before + 1)
  })

  test('the refresh token of another session changes nothing, beside a due token and beside an expired one', async () => {
    const [pair, other] = [await login(system.url), await login(system.url)]
    await letPass(DUE_SECONDS)
    const due = await ask({ access: pair.access, refresh: other.refresh })
    expect([due.status, renewedBy(due)]).toEqual([200, undefined])
    await letPass(LIFE_SECONDS - DUE_SECONDS + 0.2)
    expect((await ask({ access: pair.access, refresh: other.refresh })).code).toBe('access_token_expired')
    expect(toPair(await refresh(system.url, other.refresh)).refresh).toMatch(/^art_/)
    expect((await refresh(system.url, pair.refresh)).status).toBe(200)
  })
})

test('with auth-api stopped a live token passes, an expired one is a retryable 503; when it is back, so is the renewal', async () => {
  const pair = await login(system.url)
  const { ports } = system
  await system.stop()
  const live = await ask(pair)
  expect([live.status, renewedBy(live)]).toEqual([200, undefined])
  await letPass(LIFE_SECONDS + 0.2)
  const expired = await ask(pair)
  expect([expired.status, expired.code]).toEqual([503, 'unavailable'])
  expect(Number(expired.headers.get('retry-after'))).toBeGreaterThan(0)

  system = await (await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env, ports })).ready()
  await eventually(async () => (await ask(pair)).status === 200, 10_000)
  expect(await system.alarms()).toBe(0)
})

test('an auth-api that stands still holds nobody up: a due token passes within the deadline, and is renewed afterwards', async () => {
  const pair = await login(system.url)
  await letPass(DUE_SECONDS)
  system.kill('SIGSTOP')
  const startedAt = performance.now()
  const held = await ask(pair)
  const seconds = (performance.now() - startedAt) / 1000
  system.kill('SIGCONT')
  expect([held.status, renewedBy(held)]).toEqual([200, undefined])
  expect(seconds).toBeLessThan(4)
  await eventually(async () => renewedBy(await ask(pair)) !== undefined, 10_000)
  expect(await system.alarms()).toBe(0)
})

test('a back end with a wrong key lets nobody in, says why, and answers what clients retry', async () => {
  const wrong = await startCasesApi({ dataDir: folder.path, authApiUrl: system.url, env: { REVOCATION_FEED_KEYS: 'x'.repeat(32) } })
  await wrong.listening()
  const pair = await login(system.url)
  const answer = await call(wrong.url, 'GET', '/api/v1/cases', { headers: { authorization: `Bearer ${pair.access}` } })
  expect([answer.status, answer.code, (await fetch(`${wrong.url}/readyz`)).status]).toEqual([503, 'unavailable', 503])
  expect(wrong.output()).toContain('REVOCATION_FEED_KEYS')
  await wrong.stop()
})

test('a back end without keys says in one sentence what is missing, and ends', async () => {
  const alone = await startCasesApi({ dataDir: `${folder.path}/none`, authApiUrl: system.url })
  expect(await alone.exited).toBe(1)
  await eventually(() => alone.output().endsWith('\n'), 5000)
  expect(alone.output()).toMatch(/^There is no REVOCATION_FEED_KEYS, [^\n]+npm start[^\n]+\n$/)
})
