import { createTestDatabase, eventually, medianSeconds } from '@auto-refresh/test-engines'
import { decodeJwt } from 'jose'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ageSession, sessionIdOf } from './harness/age-session.ts'
import { call, login, me, refresh, retryUntilAnswered, toPair, type Pair } from './harness/api.ts'
import { startCasesApi, type CasesApi } from './harness/start-cases-api.ts'
import { startOwnLogin, type OwnLogin } from './harness/start-own-login.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

const AYU = 'ayu@example.com'
const BUDI = 'budi@example.com'
const SHOP_KEY = 'key-of-the-shop-'.repeat(3)
const OFFICE_KEY = 'key-of-the-office-'.repeat(3)
const CASES_KEY = 'key-of-the-cases-'.repeat(3)

/** An Express application with its own login, a back end with the plugin, and auth-api. */
let shop: OwnLogin
let cases: CasesApi
let system: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  const { path: dataDir } = folder
  const API_KEYS = [
    `shop=sessions:create:${SHOP_KEY}`,
    `office=admin:write:${OFFICE_KEY}`,
    `cases=revocations:read+tokens:refresh:${CASES_KEY}`,
  ].join(',')
  const env = { API_KEYS, REFRESH_LIMIT: 'off' }
  system = await (await startStandalone({ dataDir, databaseUrl: database.url, env })).ready()
  shop = await startOwnLogin({ authApiUrl: system.url, apiKey: SHOP_KEY })
  cases = await startCasesApi({ dataDir, authApiUrl: system.url, env: { API_KEY: CASES_KEY } })
  await cases.listening()
  sql = new Client({ connectionString: database.url })
  await sql.connect()
})
afterAll(async () => {
  await sql.end()
  await Promise.all([shop.stop(), cases.stop(), system.stop()])
  await folder.remove()
  await database.drop()
})

const signIn = (email: string, more: object = {}, headers: Record<string, string> = {}) =>
  retryUntilAnswered(() =>
    call(shop.url, 'POST', '/login', {
      body: { email, password: `password of ${email}`, ...more },
      headers: { 'user-agent': 'phone', ...headers },
    }),
  )
const open = async (email: string) => toPair(await signIn(email))
/** Refreshes with the agent that signed in. */
const refreshed = async (pair: Pair) =>
  toPair(
    await retryUntilAnswered(() => refresh(system.url, pair.refresh, { 'user-agent': 'phone' })),
  )
const verdictAtBackEnd = async ({ access }: Pair) => {
  const headers = { authorization: `Bearer ${access}` }
  const { code, status } = await call(cases.url, 'GET', '/api/v1/cases', { headers })
  return code ?? String(status)
}

test('a user of another login has a session as any other: known to /me, to back ends and to refreshes', async () => {
  expect((await signIn(AYU, { password: 'wrong' })).status).toBe(401)
  const first = await open(AYU)
  const claims = decodeJwt(first.access)
  expect(claims).toMatchObject({
    username: 'admin',
    role: 'user',
    amr: ['pwd'],
    claims: { tenant: 't1' },
  })
  expect(Math.abs(Number(claims['auth_time']) - Date.now() / 1000)).toBeLessThan(60)
  expect((await me(system.url, first.access)).data).toMatchObject({ user_id: claims.sub })
  expect(await verdictAtBackEnd(first)).toBe('200')

  const next = await refreshed(first)
  expect(decodeJwt(next.access)).toMatchObject({
    sub: claims.sub,
    sid: claims['sid'],
    auth_time: claims['auth_time'],
    amr: ['pwd'],
    claims: { tenant: 't1' },
  })
  expect(decodeJwt((await open(AYU)).access).sub).toBe(claims.sub)
})

test('three users of one name are three users: two of the other login, and the local one', async () => {
  const pairs = [await open(AYU), await open(BUDI), await login(system.url)]
  const claims = pairs.map(({ access }) => decodeJwt(access))
  expect(claims.map(({ username }) => username)).toEqual(['admin', 'admin', 'admin'])
  expect(new Set(claims.map(({ sub }) => sub)).size).toBe(3)
  // The local administrator has the role; the namesakes got none of it.
  expect(claims.map(({ role }) => role)).toEqual(['user', 'user', 'admin'])
})

test('twenty simultaneous sign-ins of a new user make one user', async () => {
  const key = { authorization: `Bearer ${SHOP_KEY}` }
  const body = {
    user: { external_id: 'users/new' },
    client: { address: '203.0.113.7', agent: 'phone' },
  }
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      call(system.url, 'POST', '/api/v1/auth/sessions', { body, headers: key }),
    ),
  )
  expect(new Set(answers.map((answer) => decodeJwt(toPair(answer).access).sub)).size).toBe(1)
})

test('the longest name, claims and methods fit into every request and response', async () => {
  const body = {
    user: {
      external_id: '😀'.repeat(255),
      username: '😀'.repeat(128),
      role: 'r'.repeat(32),
      claims: { a: 'x'.repeat(2040) },
    },
    client: { address: '203.0.113.7', agent: 'phone' },
    amr: Array.from({ length: 10 }, () => 'm'.repeat(32)),
  }
  const headers = { authorization: `Bearer ${SHOP_KEY}` }
  const opened = await call(system.url, 'POST', '/api/v1/auth/sessions', { body, headers })
  const pair = await refreshed(toPair(opened))
  expect(decodeJwt(pair.access)).toMatchObject({ amr: body.amr, claims: body.user.claims })
  expect((await me(system.url, pair.access)).data).toMatchObject({ username: body.user.username })
  expect(await verdictAtBackEnd(pair)).toBe('200')
})

test('a stolen token ends the session, here and at the back end', async () => {
  const stolen = await open(AYU)
  const current = await refreshed(stolen)
  await ageSession(database.url, stolen.refresh)
  expect((await refresh(system.url, stolen.refresh)).code).toBe('refresh_token_reused')
  expect((await refresh(system.url, current.refresh)).code).toBe('refresh_token_revoked')
  await eventually(async () => (await verdictAtBackEnd(current)) === 'access_token_revoked')
})

test('a back end refuses a session within 2 s of its end', async () => {
  const seconds = await medianSeconds(async () => {
    const pair = await open(AYU)
    expect(await verdictAtBackEnd(pair)).toBe('200')
    const headers = { authorization: `Bearer ${pair.access}` }
    expect((await call(system.url, 'POST', '/api/v1/auth/logout', { headers })).status).toBe(200)
    return async () => (await verdictAtBackEnd(pair)) === 'access_token_revoked'
  })
  expect(seconds).toBeLessThan(2)
})

test('claims and a role that the other login changes are in the tokens of every session after a refresh', async () => {
  const older = await open(BUDI)
  shop.change(BUDI, { role: 'editor', tenant: 't3' })
  const newer = await open(BUDI)
  for (const pair of [newer, await refreshed(older)]) {
    expect(decodeJwt(pair.access)).toMatchObject({ role: 'editor', claims: { tenant: 't3' } })
    expect(await verdictAtBackEnd(pair)).toBe('200')
  }
  // The role of an older token is refused, the claims are those of the time of its signature.
  await eventually(async () => (await verdictAtBackEnd(older)) === 'access_token_expired')
  expect((await me(system.url, older.access)).code).toBe('access_token_expired')
  shop.change(BUDI, { role: 'admin' })
  const refused = await signIn(BUDI)
  expect([refused.status, refused.code]).toEqual([403, 'insufficient_scope'])
  shop.change(BUDI, { role: 'editor' })
})

test('the cookie that the application forwards refreshes in the browser', async () => {
  const answer = await signIn(AYU, { transport: 'cookie' })
  expect(answer.data).not.toHaveProperty('refresh_token')
  const [set = ''] = answer.headers.getSetCookie()
  expect(set).toMatch(/^refresh_token=art_.*HttpOnly; SameSite=Lax$/)
  const cookie = set.split(';')[0] ?? ''
  const headers = { cookie, 'x-auto-refresh': '1', 'user-agent': 'phone' }
  const next = await call(system.url, 'POST', '/api/v1/auth/refresh', { headers })
  expect([next.status, next.headers.getSetCookie()[0]?.slice(0, 18)]).toEqual([
    200,
    'refresh_token=art_',
  ])
})

test('a disabled user is signed out everywhere, and the other login cannot sign it in', async () => {
  const pair = await open(AYU)
  const user = `/api/v1/admin/users/${decodeJwt(pair.access).sub}`
  const headers = { authorization: `Bearer ${OFFICE_KEY}` }
  const disabled = await call(system.url, 'PATCH', user, { body: { active: false }, headers })
  expect(disabled.status).toBe(200)
  await eventually(async () => (await verdictAtBackEnd(pair)) === 'access_token_revoked')
  expect((await refresh(system.url, pair.refresh)).code).toBe('user_inactive')
  const refused = await signIn(AYU)
  expect([refused.status, refused.code]).toEqual([403, 'user_inactive'])
})

test('the audit trail names the method, the key and the place of the user, and no line has a secret', async () => {
  const pair = toPair(await signIn(BUDI, {}, { 'x-forwarded-for': '198.51.100.9' }))
  const findEvents = async () =>
    (
      await sql.query<{ data: object }>(
        `select data from cleanup.audit_events
          where type = 'login.succeeded.v1' and session_id = $1::uuid`,
        [sessionIdOf(pair.refresh)],
      )
    ).rows
  await eventually(async () => (await findEvents()).length > 0)
  expect(await findEvents()).toMatchObject([
    { data: { method: 'external', actor: 'key:shop', network: '198.51.100.0/24', agent: 'phone' } },
  ])
  const { rows } = await sql.query(
    'select method, actor, host(address) as address from auth_api.login_audit where session_id = $1',
    [sessionIdOf(pair.refresh)],
  )
  expect(rows).toEqual([{ method: 'external', actor: 'key:shop', address: '198.51.100.9' }])
  const lines = system.output() + cases.output()
  for (const secret of [SHOP_KEY, CASES_KEY, OFFICE_KEY, pair.access, pair.refresh, BUDI])
    expect(lines).not.toContain(secret)
})
