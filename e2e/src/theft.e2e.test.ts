import {
  createTestDatabase,
  eventually,
  medianSeconds,
  waitSeconds,
} from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ageSession, sessionIdOf } from './harness/age-session.ts'
import { call, login, me, retryUntilAnswered, refresh, toPair, type Pair } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

const WINDOW_SECONDS = 2
/**
 * Two processes on one database: one with the default window, one with a window that a test can
 * wait for.
 */
let system: Standalone
let hasty: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  const start = async (env: Record<string, string>) =>
    (
      await startStandalone({
        dataDir: folder.path,
        databaseUrl: database.url,
        env: { ...env, REFRESH_LIMIT: 'off' },
      })
    ).ready()
  system = await start({})
  hasty = await start({ REFRESH_GRACE_SECONDS: String(WINDOW_SECONDS) })
  sql = new Client({ connectionString: database.url })
  await sql.connect()
})
afterAll(async () => {
  await sql.end()
  await Promise.all([system.stop(), hasty.stop()])
  await folder.remove()
  await database.drop()
})

const eventsOf = async (token: string) => {
  const { rows } = await sql.query<{ type: string }>(
    'select type from cleanup.audit_events where session_id = $1::uuid and session_seq is not null order by session_seq',
    [sessionIdOf(token)],
  )
  return rows.map((row) => row.type)
}

test('within the window a superseded token receives the current one, without an alarm', async () => {
  const first = await login(system.url)
  const second = toPair(await refresh(system.url, first.refresh))
  const third = toPair(await refresh(system.url, second.refresh))
  expect(toPair(await refresh(system.url, first.refresh)).refresh).toBe(third.refresh)
  expect(toPair(await refresh(system.url, second.refresh)).refresh).toBe(third.refresh)
  expect((await refresh(system.url, third.refresh)).status).toBe(200)
})

async function replay(stolen: Pair) {
  await ageSession(database.url, stolen.refresh)
  const alarm = await refresh(system.url, stolen.refresh)
  expect([alarm.status, alarm.code]).toEqual([401, 'refresh_token_reused'])
}
const isDead = (access: string) => async () =>
  (await me(system.url, access)).code === 'access_token_revoked'

test('a stolen token replayed after the window ends only that session', async () => {
  const stolen = await login(system.url)
  const otherDevice = await login(system.url)
  const stolenSession = sessionIdOf(stolen.refresh)
  expect((await me(system.url, stolen.access)).data?.['session_id']).toBe(stolenSession)
  const current = toPair(await refresh(system.url, stolen.refresh))
  await replay(stolen)
  for (const { access } of [stolen, current]) await eventually(isDead(access))
  expect((await refresh(system.url, current.refresh)).code).toBe('refresh_token_revoked')
  expect((await refresh(system.url, stolen.refresh)).code).toBe('refresh_token_revoked')

  expect((await me(system.url, otherDevice.access)).status).toBe(200)
  expect((await refresh(system.url, otherDevice.refresh)).status).toBe(200)

  await eventually(async () => (await eventsOf(stolen.refresh)).length === 3)
  expect(await eventsOf(stolen.refresh)).toEqual([
    'session.issued.v1',
    'session.rotated.v1',
    'session.reuse-detected.v1',
  ])
  const notices = () =>
    call(system.url, 'GET', '/api/v1/auth/notices', {
      headers: { authorization: `Bearer ${otherDevice.access}` },
    })
  await eventually(async () => (await notices()).text.includes(stolenSession))
})

test('the access tokens of a stolen session are rejected within 2 s', async () => {
  const seconds = await medianSeconds(async () => {
    const stolen = await login(system.url)
    const current = toPair(await refresh(system.url, stolen.refresh))
    await replay(stolen)
    return async () => (await isDead(stolen.access)()) && isDead(current.access)()
  })
  expect(seconds).toBeLessThan(2)
})

test('a thief who keeps rotating is detected when the victim refreshes after two windows', async () => {
  const victim = await login(hasty.url)
  let thief = victim
  const rotate = async () => {
    thief = toPair(await retryUntilAnswered(() => refresh(hasty.url, thief.refresh)))
    await waitSeconds(0.3)
  }
  const until = performance.now() + (2 * WINDOW_SECONDS + 0.5) * 1000
  while (performance.now() < until) await rotate()
  let answer = await refresh(hasty.url, victim.refresh)
  // Time in which the process stalled does not count towards the window. A replay within it changes
  // nothing.
  await eventually(async () => {
    if (answer.code !== 'refresh_token_reused') {
      await rotate()
      answer = await refresh(hasty.url, victim.refresh)
    }
    return answer.code === 'refresh_token_reused'
  })
  expect((await refresh(hasty.url, thief.refresh)).code).toBe('refresh_token_revoked')
})

test('a lost response is recovered with its Idempotency-Key long after the window', async () => {
  const pair = await login(system.url)
  const lost = toPair(await refresh(system.url, pair.refresh, { 'idempotency-key': 'attempt-1' }))
  await ageSession(database.url, pair.refresh)
  expect(
    toPair(await refresh(system.url, pair.refresh, { 'idempotency-key': 'attempt-1' })).refresh,
  ).toBe(lost.refresh)
})
