import { createTestDatabase } from '@auto-refresh/local-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, login, me, refresh, toPair } from './api.ts'
import { eventually, letPass } from './eventually.ts'
import { startStandalone, temporaryFolder, type Standalone } from './start-standalone.ts'

const WINDOW_SECONDS = 2
let system: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  system = await (await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env: { REFRESH_GRACE_SECONDS: String(WINDOW_SECONDS), REFRESH_LIMIT: 'off' } })).ready()
  sql = new Client({ connectionString: database.url })
  await sql.connect()
})
afterAll(async () => {
  await sql.end()
  await system.stop()
  await folder.remove()
  await database.drop()
})

const eventsOf = async (token: string) => {
  const id = Buffer.from(token.slice(4, 100), 'base64url').subarray(2, 18).toString('hex')
  const { rows } = await sql.query<{ type: string }>('select type from cleanup.audit_events where session_id = $1::uuid and session_seq is not null order by session_seq', [id])
  return rows.map((row) => row.type)
}

test('before the window ends any superseded token gets the current one, without an alarm', async () => {
  const first = await login(system.url)
  const second = toPair(await refresh(system.url, first.refresh))
  const third = toPair(await refresh(system.url, second.refresh))
  expect(toPair(await refresh(system.url, first.refresh)).refresh).toBe(third.refresh)
  expect(toPair(await refresh(system.url, second.refresh)).refresh).toBe(third.refresh)
  expect((await refresh(system.url, third.refresh)).status).toBe(200)
})

test('a stolen token that is replayed after the window ends that session alone; its access tokens die within 2 s', async () => {
  const stolen = await login(system.url)
  const otherDevice = await login(system.url)
  const stolenSession = String((await me(system.url, stolen.access)).data?.['session_id'])
  const current = toPair(await refresh(system.url, stolen.refresh))
  await letPass(WINDOW_SECONDS + 0.2)

  const alarm = await refresh(system.url, stolen.refresh)
  expect([alarm.status, alarm.code]).toEqual([401, 'refresh_token_reused'])
  const startedAt = performance.now()
  for (const access of [stolen.access, current.access]) {
    await eventually(async () => (await me(system.url, access)).code === 'access_token_revoked', 2000)
  }
  expect(performance.now() - startedAt).toBeLessThan(2000)
  expect((await refresh(system.url, current.refresh)).code).toBe('refresh_token_revoked')
  expect((await refresh(system.url, stolen.refresh)).code).toBe('refresh_token_revoked')

  expect((await me(system.url, otherDevice.access)).status).toBe(200)
  expect((await refresh(system.url, otherDevice.refresh)).status).toBe(200)

  await eventually(async () => (await eventsOf(stolen.refresh)).length === 3)
  expect(await eventsOf(stolen.refresh)).toEqual(['session.issued.v1', 'session.rotated.v1', 'session.reuse-detected.v1'])
  const notices = () => call(system.url, 'GET', '/api/v1/auth/notices', { headers: { authorization: `Bearer ${otherDevice.access}` } })
  await eventually(async () => (await notices()).text.includes(stolenSession))
})

test('a thief who rotates again and again to hide is seen when the victim comes back after two windows', async () => {
  const victim = await login(system.url)
  let thief = victim
  const until = performance.now() + (2 * WINDOW_SECONDS + 0.5) * 1000
  while (performance.now() < until) {
    thief = toPair(await refresh(system.url, thief.refresh))
    await letPass(0.3)
  }
  expect((await refresh(system.url, victim.refresh)).code).toBe('refresh_token_reused')
  expect((await refresh(system.url, thief.refresh)).code).toBe('refresh_token_revoked')
})

test('a lost answer is recovered with its Idempotency-Key long after the window', async () => {
  const pair = await login(system.url)
  const lost = toPair(await refresh(system.url, pair.refresh, { 'idempotency-key': 'attempt-1' }))
  await letPass(WINDOW_SECONDS * 2.5)
  expect(toPair(await refresh(system.url, pair.refresh, { 'idempotency-key': 'attempt-1' })).refresh).toBe(lost.refresh)
})
