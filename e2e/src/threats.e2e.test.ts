import { createTestDatabase, eventually, medianSeconds } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ageSession, sessionIdOf } from './harness/age-session.ts'
import { call, login, me, retryUntilAnswered, refresh, toPair, type Pair } from './harness/api.ts'
import { runOperation } from './harness/run-operation.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { startWebhookReceiver, type WebhookReceiver } from './harness/start-webhook-receiver.ts'

let system: Standalone
let receiver: WebhookReceiver
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  receiver = await startWebhookReceiver()
  const env = {
    THREAT_SPRAYING: '5/300',
    THREAT_REFUSALS: '4/300',
    THREAT_REFRESH_VELOCITY: '8/300',
    THREAT_SESSION_BURST: 'off',
    ...receiver.settings,
  }
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })
  ).ready()
  sql = new Client({ connectionString: database.url })
  await sql.connect()
})
afterAll(async () => {
  await sql.end()
  await system.stop()
  await receiver.stop()
  await folder.remove()
  await database.drop()
})

const of = (pattern: string) => receiver.received.filter(({ data }) => data['pattern'] === pattern)
const arrives = (pattern: string) => eventually(() => of(pattern).length > 0)
const isTold = (pattern: string, sessionId: string) =>
  of(pattern).some(({ data }) => data['session_id'] === sessionId)
/** The stolen token of a session whose owner refreshed long ago. */
async function replay(owner: Pair, agent = 'node') {
  toPair(await refresh(system.url, owner.refresh))
  await ageSession(database.url, owner.refresh)
  expect((await refresh(system.url, owner.refresh, { 'user-agent': agent })).code).toBe(
    'refresh_token_reused',
  )
}

test('a replayed stolen token and the sign-in after it reach the webhook, signed', async () => {
  const owner = await login(system.url)
  const sessionId = String((await me(system.url, owner.access)).data?.['session_id'])
  await replay(owner, 'thief')
  await arrives('reuse')
  expect(of('reuse').map(({ data }) => data)).toMatchObject([
    { session_id: sessionId, agent: 'thief', count: 1 },
  ])
  expect(of('sign_in_after_reuse')).toEqual([])
  await login(system.url)
  await arrives('sign_in_after_reuse')
  expect(receiver.refused()).toBe(0)
})

test('a theft is reported within 5 s', async () => {
  const seconds = await medianSeconds(async () => {
    const owner = await login(system.url)
    await replay(owner)
    return async () => isTold('reuse', sessionIdOf(owner.refresh))
  })
  expect(seconds).toBeLessThan(5)
})

test('too many refreshes, guessed names and invented tokens are each reported once', async () => {
  let driven = await login(system.url)
  for (let i = 0; i < 12; i += 1)
    driven = toPair(await retryUntilAnswered(() => refresh(system.url, driven.refresh)))
  for (let i = 0; i < 10; i += 1)
    await call(system.url, 'POST', '/api/v1/auth/token', {
      body: { username: `name ${i}`, password: 'wrong' },
    })
  for (let i = 0; i < 8; i += 1) await refresh(system.url, `art_${'A'.repeat(60)}${i}`)
  for (const pattern of ['refresh_velocity', 'spraying', 'refusals']) await arrives(pattern)
  expect([of('refresh_velocity').length, of('spraying').length, of('refusals').length]).toEqual([
    1, 1, 1,
  ])
  // a warning, not a block
  expect((await refresh(system.url, driven.refresh)).status).toBe(200)
})

test('an investigation finds the detection in the audit trail and the user behind a hash', async () => {
  const trail = () =>
    sql.query(
      `select event_id, topic, data->>'network' as network
       from cleanup.audit_events where data->>'pattern' = 'spraying'`,
    )
  await eventually(async () => (await trail()).rowCount !== 0)
  expect((await trail()).rows).toEqual([
    { event_id: of('spraying')[0]?.id, topic: 'auth.security-events.v1', network: '127.0.0.0/24' },
  ])
  const hash = await runOperation('user', {
    args: ['hash', 'NAME 7'],
    env: { DATA_DIR: folder.path, DATABASE_URL: database.url },
  })
  expect(hash.code).toBe(0)
  const tried = () =>
    sql.query(
      `select 1 from cleanup.audit_events where type = 'login.failed.v1' and data->>'username_hash' = $1`,
      [hash.output.trim()],
    )
  await eventually(async () => (await tried()).rowCount === 1)
})

test('a webhook that does not respond delays neither the events nor a stop', async () => {
  receiver.becomeMute()
  const owner = await login(system.url)
  await replay(owner)
  await eventually(
    async () =>
      (
        await sql.query(
          `select 1 from cleanup.audit_events where data->>'pattern' = 'reuse' and session_id = $1::uuid`,
          [sessionIdOf(owner.refresh)],
        )
      ).rowCount === 1,
  )
  await eventually(() => receiver.unanswered() > 0)
  expect(await system.stop()).toEqual({ code: 0, signal: null })
})
