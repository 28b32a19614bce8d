import { createTestDatabase, eventually, medianSeconds } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ageSession } from './harness/age-session.ts'
import {
  call,
  login,
  me,
  retryUntilAnswered,
  refresh,
  toPair,
  type Answer,
  type Pair,
} from './harness/api.ts'
import { startCasesApi, type CasesApi } from './harness/start-cases-api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { LONG_LIVED } from './harness/token-lifetimes.ts'

/**
 * Three processes of another back end with the plugin: for a token of an hour, `cases` finds it
 * fresh, `later` due (for the last 4 minutes), and `tooLate` expired.
 */
const env = { ...LONG_LIVED, REFRESH_LIMIT: 'off' }
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let system: Standalone
let cases: CasesApi
let later: CasesApi
let tooLate: CasesApi

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })
  ).ready()
  const start = (aheadMinutes: number) =>
    startCasesApi({ dataDir: folder.path, authApiUrl: system.url, aheadMinutes })
  ;[cases, later, tooLate] = await Promise.all([start(0), start(56), start(61)])
  for (const each of [cases, later, tooLate]) await each.listening()
})
afterAll(async () => {
  await Promise.all([cases, later, tooLate].map((each) => each.stop()))
  await system.stop()
  await folder.remove()
  await database.drop()
})
beforeEach(async () => {
  for (const { url } of [cases, later, tooLate])
    await eventually(async () => (await fetch(`${url}/readyz`)).ok)
})

/** The headers that the guide's client sends with every request. */
const ask = ({ url }: CasesApi, { access, refresh: token }: Pair, path = '') =>
  call(url, 'GET', `/api/v1/cases${path}`, {
    headers: { authorization: `Bearer ${access}`, 'x-refresh-token': token },
  })
/** Without the refresh token. */
const show = ({ url }: CasesApi, { access }: Pair) =>
  call(url, 'GET', '/api/v1/cases', { headers: { authorization: `Bearer ${access}` } })

/** The tokens that it reads from a response. */
const renewedBy = ({ headers }: Answer): Pair | undefined =>
  headers.get('x-token-refreshed') === 'true'
    ? {
        access: headers.get('x-new-access-token') ?? '',
        refresh: headers.get('x-new-refresh-token') ?? '',
      }
    : undefined

/** The response with the next pair: if auth-api was too slow for the first one, the one after. */
async function askUntilRenewed(at: CasesApi, pair: Pair): Promise<{ answer: Answer; next: Pair }> {
  let answer = await retryUntilAnswered(() => ask(at, pair))
  await eventually(async () => {
    expect(answer.status).toBe(200)
    if (renewedBy(answer) === undefined) answer = await retryUntilAnswered(() => ask(at, pair))
    return renewedBy(answer) !== undefined
  })
  return { answer, next: renewedBy(answer) as Pair }
}

describe("the guide's request against another back end", () => {
  test('a fresh token is accepted, and a due one returns the next pair, which works everywhere', async () => {
    const pair = await login(system.url)
    const fresh = await ask(cases, pair)
    expect([fresh.status, renewedBy(fresh)]).toEqual([200, undefined])
    expect(fresh.text).toContain('The lost answer')

    const { answer: due, next } = await askUntilRenewed(later, pair)
    expect(due.headers.get('cache-control')).toBe('no-store, private')
    expect(due.headers.get('access-control-expose-headers')).toContain('x-new-refresh-token')
    for (const each of [cases, later]) expect((await ask(each, next)).status).toBe(200)
    expect((await me(system.url, next.access)).status).toBe(200)
    expect((await refresh(system.url, next.refresh)).status).toBe(200)
    expect(await system.alarms()).toBe(0)
  })

  test('fifty concurrent requests with a due token receive the same successor and raise no alarm', async () => {
    const pair = await login(system.url)
    const renewals = await Promise.all(
      Array.from({ length: 50 }, () => askUntilRenewed(later, pair)),
    )
    expect(new Set(renewals.map(({ next }) => next.refresh)).size).toBe(1)
    expect(await system.alarms()).toBe(0)
  })

  test('an expired token is refreshed, and without a refresh token it is a 401', async () => {
    const pair = await login(system.url)
    expect((await show(tooLate, pair)).code).toBe('access_token_expired')
    const answer = await retryUntilAnswered(() => ask(tooLate, pair))
    expect([answer.status, typeof renewedBy(answer)?.access]).toEqual([200, 'string'])
  })

  test('a 4xx spends no refresh token, and a streamed response carries the new pair', async () => {
    const pair = await login(system.url)
    const missing = await ask(later, pair, '/none')
    expect([missing.status, renewedBy(missing)]).toEqual([404, undefined])
    await eventually(async () => {
      const response = await fetch(`${later.url}/api/v1/cases/export`, {
        headers: { authorization: `Bearer ${pair.access}`, 'x-refresh-token': pair.refresh },
      })
      expect([response.status, (await response.text()).split('\n').length]).toEqual([200, 4])
      return response.headers.get('x-token-refreshed') === 'true'
    })
  })

  test('a refresh token from a cookie is returned in a cookie, and a preflight is accepted without a token', async () => {
    const pair = await login(system.url)
    await eventually(async () => {
      const { headers } = await call(later.url, 'GET', '/api/v1/cases', {
        headers: {
          authorization: `Bearer ${pair.access}`,
          cookie: `refresh_token=${pair.refresh}`,
        },
      })
      if (headers.get('x-token-refreshed') === null) return false
      expect(headers.get('set-cookie')).toMatch(/^refresh_token=art_.*HttpOnly/)
      expect(headers.get('x-new-refresh-token')).toBeNull()
      return true
    })
    const preflight = await fetch(`${cases.url}/api/v1/cases`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:3000',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization,x-refresh-token',
      },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'http://localhost:3000',
    ])
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Refresh-Token')
  })
})

describe('an ended session is refused by another back end', () => {
  const isRefused = (pair: Pair) => async () =>
    (await show(cases, pair)).code === 'access_token_revoked'

  test('within 2 s of a logout elsewhere', async () => {
    const other = await login(system.url)
    const seconds = await medianSeconds(async () => {
      const pair = await login(system.url)
      expect((await ask(cases, pair)).status).toBe(200)
      expect(
        (
          await call(system.url, 'POST', '/api/v1/auth/logout', {
            body: { refresh_token: pair.refresh },
          })
        ).status,
      ).toBe(200)
      return isRefused(pair)
    })
    expect(seconds).toBeLessThan(2)
    expect((await ask(cases, other)).status).toBe(200)
  })

  test('within 2 s of a reuse elsewhere', async () => {
    const seconds = await medianSeconds(async () => {
      const stolen = await login(system.url)
      const current = toPair(await refresh(system.url, stolen.refresh))
      await ageSession(database.url, stolen.refresh)
      expect((await refresh(system.url, stolen.refresh)).code).toBe('refresh_token_reused')
      return isRefused(current)
    })
    expect(seconds).toBeLessThan(2)
  })

  test('a reuse is reported before the handler runs, even if the handler would fail', async () => {
    const stolen = await login(system.url)
    const current = toPair(await refresh(system.url, stolen.refresh))
    const before = await system.alarms()
    await ageSession(database.url, stolen.refresh)
    const answer = await ask(later, { access: current.access, refresh: stolen.refresh }, '/none')
    expect([answer.status, answer.code]).toEqual([401, 'refresh_token_reused'])
    expect(await system.alarms()).toBe(before + 1)
  })

  test('the refresh token of another session changes nothing, with a due or an expired access token', async () => {
    const [pair, other] = [await login(system.url), await login(system.url)]
    const mixed = { access: pair.access, refresh: other.refresh }
    const due = await ask(later, mixed)
    expect([due.status, renewedBy(due)]).toEqual([200, undefined])
    expect((await retryUntilAnswered(() => ask(tooLate, mixed))).code).toBe('access_token_expired')
    expect(toPair(await refresh(system.url, other.refresh)).refresh).toMatch(/^art_/)
    expect((await refresh(system.url, pair.refresh)).status).toBe(200)
  })
})

test('with auth-api stopped a live token passes, an expired one is a retryable 503; when it is back, so is the renewal', async () => {
  const pair = await login(system.url)
  const { ports } = system
  await system.stop()
  for (const each of [cases, later]) {
    const live = await ask(each, pair)
    expect([live.status, renewedBy(live)]).toEqual([200, undefined])
  }
  const expired = await ask(tooLate, pair)
  expect([expired.status, expired.code]).toEqual([503, 'unavailable'])
  expect(Number(expired.headers.get('retry-after'))).toBeGreaterThan(0)

  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env, ports })
  ).ready()
  await eventually(async () => (await ask(tooLate, pair)).status === 200)
  expect(await system.alarms()).toBe(0)
})

test('while auth-api stalls a due token is accepted within the deadline, and refreshed afterwards', async () => {
  const pair = await login(system.url)
  system.kill('SIGSTOP')
  const startedAt = performance.now()
  const held = await ask(later, pair).finally(() => system.kill('SIGCONT'))
  expect([held.status, renewedBy(held)]).toEqual([200, undefined])
  // The deadline is 3 s; the rest is for a busy machine.
  expect((performance.now() - startedAt) / 1000).toBeLessThan(30)
  await askUntilRenewed(later, pair)
  expect(await system.alarms()).toBe(0)
})

test('a back end with a wrong key accepts no request, logs the reason, and answers a retryable error', async () => {
  const wrong = await startCasesApi({
    dataDir: folder.path,
    authApiUrl: system.url,
    env: { API_KEY: 'wrongkey'.repeat(4) },
  })
  await wrong.listening()
  const pair = await login(system.url)
  const answer = await call(wrong.url, 'GET', '/api/v1/cases', {
    headers: { authorization: `Bearer ${pair.access}` },
  })
  expect([answer.status, answer.code, (await fetch(`${wrong.url}/readyz`)).status]).toEqual([
    503,
    'unavailable',
    503,
  ])
  await eventually(() => wrong.output().includes('invalid_api_key'))
  await wrong.stop()
})

test('a back end without keys exits with one sentence about what is missing', async () => {
  const alone = await startCasesApi({ dataDir: `${folder.path}/none`, authApiUrl: system.url })
  expect(await alone.exited).toBe(1)
  expect(alone.output()).toMatch(/^There is no API_KEY, [^\n]+npm start[^\n]+\n$/)
})

test('the Express example has public, optional and admin routes, refreshes, and learns of a logout', async () => {
  const { path: dataDir } = folder
  const given = { dataDir, authApiUrl: system.url, aheadMinutes: 56, example: 'express' } as const
  const example = await startCasesApi(given)
  await example.listening()
  await eventually(async () => (await fetch(`${example.url}/readyz`)).ok)
  const feed = (headers = {}) => call(example.url, 'GET', '/feed', { headers })
  expect((await feed()).text).toContain('stranger')
  expect((await ask(example, { access: '', refresh: '' })).code).toBe('access_token_missing')

  const { next } = await askUntilRenewed(example, await login(system.url))
  const headers = { authorization: `Bearer ${next.access}` }
  expect((await feed(headers)).text).toContain('admin')
  const remove = (id: string) => call(example.url, 'DELETE', `/api/v1/cases/${id}`, { headers })
  expect([(await remove('2')).status, (await remove('2')).status]).toEqual([204, 404])
  const body = { refresh_token: next.refresh }
  await retryUntilAnswered(() => call(system.url, 'POST', '/api/v1/auth/logout', { headers, body }))
  await eventually(async () => (await feed(headers)).code === 'access_token_revoked')
  expect([await example.stop(), await system.alarms()]).toEqual([0, 0])
})
