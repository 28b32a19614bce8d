import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import { refresh, startTestTokenStores, type TestTokenStores } from './testing/test-token-store.ts'

let t: TestTokenStores
beforeAll(async () => {
  t = await startTestTokenStores()
})
beforeEach(() => t.sql.query('delete from token_store.downtimes'))
afterAll(() => t.stop())

/**
 * Simulates a forward jump of the database's clock: makes all stored times older. The next
 * heartbeat follows within a second.
 */
async function jump(sessionId: string, days: number): Promise<void> {
  await t.sql.query('begin')
  await t.sql.query('select from token_store.heartbeat for update')
  await t.age(sessionId, days * 86_400)
  await t.sql.query(
    `update token_store.heartbeat set beat_at = beat_at - $1::integer * interval '1 day'`,
    [days],
  )
  await t.sql.query(
    `update token_store.downtimes set started_at = started_at - $1::integer * interval '1 day', ended_at = ended_at - $1::integer * interval '1 day'`,
    [days],
  )
  await t.sql.query('commit')
}
const outcome = (token: string) =>
  t.store.rotate(refresh(token)).then(
    (result) => result.outcome,
    (error: { code: string }) => error.code,
  )
const downtimes = async () => (await t.sql.query('select from token_store.downtimes')).rowCount ?? 0

test('a clock that has just jumped ahead expires no session; after ten minutes an expired session is refused', async () => {
  const { token, session } = await t.issue()
  await jump(session.id, 8)
  await eventually(async () => (await downtimes()) === 1)
  expect(await outcome(token)).toBe('unavailable')
  await expect(t.store.peek(refresh(token))).rejects.toMatchObject({ code: 'unavailable' })
  await t.sql.query(
    `update token_store.downtimes set started_at = started_at - interval '11 minutes', ended_at = ended_at - interval '11 minutes'`,
  )
  expect(await outcome(token)).toBe('expired')
  expect((await t.store.peek(refresh(token))).outcome).toBe('expired')
})

test('a clock jump does not delete earlier downtimes, so they still count after its correction', async () => {
  await t.sql.query(
    `insert into token_store.downtimes values (clock_timestamp() - interval '20 minutes', clock_timestamp() - interval '10 minutes')`,
  )
  const { session } = await t.issue()
  await jump(session.id, 8)
  await eventually(async () => (await downtimes()) === 2)
  const { rows } = await t.sql.query<{ beat_at: number }>(
    'select beat_at from token_store.heartbeat',
  )
  await eventually(
    async () =>
      String((await t.sql.query('select beat_at from token_store.heartbeat')).rows[0]?.beat_at) !==
      String(rows[0]?.beat_at),
  )
  expect(await downtimes()).toBe(2)
})
