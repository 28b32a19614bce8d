import { createMetrics } from '@auto-refresh/service-kit/telemetry'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildDeleteOldRecords } from './build-delete-old-records.ts'
import { openTestDatabase } from './testing/open-test-database.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('one run deletes all records whose retention has ended and reports the oldest remaining sign-in', async () => {
  const { pool } = database
  await pool.query(`insert into auth_api.login_audit (at, outcome, username_hash, network, agent)
    select now() - interval '91 days', 'succeeded', 'h', '', '' from generate_series(1, 5000)`)
  await pool.query(`insert into auth_api.notices (id, user_id, session_id, occurred_at)
    select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), now() - interval '91 days' from generate_series(1, 2500)`)
  await pool.query(`insert into auth_api.login_audit (at, outcome, username_hash, network, agent)
    values (now() - interval '10 days', 'succeeded', 'h', '', '')`)
  await pool.query(`with added as (
    insert into auth_api.users (username, username_key, role, password_hash, demo)
    select 'u' || n, 'u' || n, 'user', 'h', false from generate_series(1, 3) as n returning id, username)
    insert into auth_api.role_changes select id, 'user', now() - interval '1 day' * (case username when 'u1' then 1 else 3 end) from added`)
  await pool.query(`insert into auth_api.admin_acts (at, actor, act)
    select now() - interval '1 day' * n, 'cli:ada', 'user_added' from unnest(array[89, 91, 92]) as n`)
  const metrics = createMetrics({ service: 'auth-api', version: 'test' })
  const deleteOldRecords = buildDeleteOldRecords({
    pool,
    clock: { nowMs: Date.now, isDoubtful: () => false },
    retentionDays: 90,
    metrics,
    signal: new AbortController().signal,
  })
  // Two replicas at once must not wait for each other.
  await Promise.all([deleteOldRecords(), deleteOldRecords()])
  const { rows } = await pool.query(
    'select (select count(*) from auth_api.login_audit) as sign_ins, (select count(*) from auth_api.notices) as notices, (select count(*) from auth_api.role_changes) as roles, (select count(*) from auth_api.admin_acts) as acts',
  )
  expect(rows).toEqual([{ sign_ins: 1, notices: 0, roles: 1, acts: 1 }])
  const { text } = await metrics.scrape()
  const oldest = Number(/^auth_sign_ins_oldest_seconds (\S+)$/m.exec(text)?.[1])
  expect(text).toContain(`auth_sign_ins_retention_seconds ${90 * 86_400}\n`)
  expect(Math.round(oldest / 86_400)).toBe(10)
})

test('the age of the oldest sign-in is reported even when nothing can be deleted', async () => {
  const { pool } = database
  await pool.query('truncate auth_api.login_audit')
  await pool.query(`insert into auth_api.login_audit (at, outcome, username_hash, network, agent)
    values (now() - interval '100 days', 'succeeded', 'h', '', '')`)
  await pool.query(
    `create function auth_api.refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$`,
  )
  await pool.query(
    'create trigger refuse before delete on auth_api.login_audit for each row execute function auth_api.refuse()',
  )
  const metrics = createMetrics({ service: 'auth-api', version: 'test' })
  const clock = { nowMs: Date.now, isDoubtful: () => false }
  const signal = new AbortController().signal
  await expect(
    buildDeleteOldRecords({ pool, clock, retentionDays: 90, metrics, signal })(),
  ).rejects.toThrow('cannot answer')
  const oldest = Number(
    /^auth_sign_ins_oldest_seconds (\S+)$/m.exec((await metrics.scrape()).text)?.[1],
  )
  expect(Math.round(oldest / 86_400)).toBe(100)
})
