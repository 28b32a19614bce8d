import { SESSION_EVENTS_TOPIC } from '@auto-refresh/contracts'
import type { createPool } from '@auto-refresh/service-kit/postgres'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sweepOnce } from './sweep-once.ts'
import { createRotated, openCleanupTest, startWorker as start } from './testing/cleanup-test.ts'

let stack: AsyncDisposableStack
let url: string
let pool: ReturnType<typeof createPool>

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  ;({ url, pool } = await openCleanupTest(stack))
})
afterEach(() => stack.disposeAsync())

const startWorker = (options: Omit<Parameters<typeof start>[1], 'url'> = {}) =>
  start(stack, { url, ...options })

/** `ended`: past every deadline; otherwise active for another day. */
async function addSessions(sessions: number, ended: boolean): Promise<void> {
  await pool.query(
    `insert into token_store.sessions (
       id, user_id, user_version, client_id, generation, mac_kid, nonce_hash, authenticated_at, expires_at, idle_until, keep_until, sweep_bucket,
       rotated_at, floor_generation, mark_generation, mark_at, seq, access_expires_at, rotation_tokens, replay_tokens, bucket_at,
       network, agent, suspect_generation, suspect_streak)
     select gen_random_uuid(), gen_random_uuid(), 1, 'test', 3, 1, '\\x00', clock_timestamp() - interval '9 days', t.ends + interval '9 days', t.ends, t.ends,
       ceil(extract(epoch from t.ends) / 21600)::bigint, t.ends - interval '7 days', -1, -1, t.ends, 5, t.ends, 60, 60, t.ends, '10.0.0.0/24', 'test', -1, 0
     from (select clock_timestamp() + $2::integer * interval '1 day' as ends) t, generate_series(1, $1::integer)`,
    [sessions, ended ? -1 : 1],
  )
}
async function count(
  table: 'token_store.sessions' | 'token_store.outbox' | 'cleanup.audit_events',
): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(`select count(*) from ${table}`)
  return rows[0]?.count ?? -1
}

test('expired sessions are deleted at start, with one event each, and active ones stay', async () => {
  await addSessions(1200, true)
  await addSessions(12_000, false)
  const { value } = await startWorker()
  await vi.waitFor(
    async () =>
      expect(await value('auth_cleanup_last_success_timestamp_seconds')).toBeGreaterThan(0),
    { timeout: 30_000 },
  )
  expect([await count('token_store.sessions'), await count('token_store.outbox')]).toEqual([
    12_000, 1200,
  ])
  expect([
    await value('auth_cleanup_deleted_sessions_total'),
    await value('auth_cleanup_backlog_sessions'),
  ]).toEqual([1200, 0])
})

test('sessions that expire later are deleted by a later run', async () => {
  await startWorker()
  await addSessions(10, true)
  await vi.waitFor(async () => expect(await count('token_store.sessions')).toBe(0), {
    timeout: 30_000,
  })
})

test('two concurrent workers delete every session once, with one event', async () => {
  await addSessions(5000, true)
  await addSessions(50_000, false)
  const [one, other] = await Promise.all([
    startWorker({ batchSize: 50 }),
    startWorker({ batchSize: 50 }),
  ])
  // A worker counts shortly after its commit.
  const deletedByBoth = async () =>
    (
      await Promise.all(
        [one, other].map(({ value }) => value('auth_cleanup_deleted_sessions_total')),
      )
    ).reduce((sum, own) => sum + own, 0)
  await vi.waitFor(
    async () =>
      expect([await count('token_store.sessions'), await deletedByBoth()]).toEqual([50_000, 5000]),
    { timeout: 50_000 },
  )
  const { rows } = await pool.query<{ sessions: number }>(
    'select count(distinct session_id) as sessions from token_store.outbox',
  )
  expect([await deletedByBoth(), await count('token_store.outbox'), rows[0]?.sessions]).toEqual([
    5000, 5000, 5000,
  ])
})

test('no part of a sweep reads the whole table, whatever the planner expects', async () => {
  await addSessions(1200, true)
  await addSessions(12_000, false)
  await pool.query('vacuum analyze token_store.sessions')
  const { rows } = await pool.query<{ name: string }>('select current_database() as name')
  // An index costs more than the whole table.
  await pool.query(`alter database "${rows[0]?.name}" set random_page_cost = 10000`)
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const sequentialScans = async () => {
      const result = await client.query<{ scans: number }>(
        `select pg_stat_get_xact_numscans('token_store.sessions'::regclass)::int as scans`,
      )
      return result.rows[0]?.scans
    }
    await client.query('begin')
    await client.query('select token_store.too_many_due(clock_timestamp())')
    await client.query('select token_store.sweep(500, clock_timestamp(), false)')
    await client.query('select token_store.count_expired()')
    expect(await sequentialScans()).toBe(0)
    await client.query('select count(*) from token_store.sessions where seq < 0')
    expect(await sequentialScans()).toBe(1)
    await client.query('commit')
    expect(await count('token_store.outbox')).toBe(500)
  } finally {
    await client.end()
  }
})

test('the clean-up skips a session that a request has locked', async () => {
  await addSessions(3, true)
  const holder = await pool.connect()
  await holder.query('begin')
  await holder.query('select id from token_store.sessions order by id limit 1 for update')
  const { value } = await startWorker()
  await vi.waitFor(async () => expect(await value('auth_cleanup_deleted_sessions_total')).toBe(2), {
    timeout: 30_000,
  })
  await holder.query('rollback')
  holder.release()
  await vi.waitFor(async () => expect(await count('token_store.sessions')).toBe(0), {
    timeout: 30_000,
  })
})

/** Expects the metrics of a refused sweep; use with `vi.waitFor`. */
async function expectRefused(
  value: (name: string) => Promise<number>,
  reason: string,
): Promise<void> {
  await vi.waitFor(
    async () => expect(await value(`auth_cleanup_refused\\{reason="${reason}"\\}`)).toBe(1),
    { timeout: 30_000 },
  )
}
/**
 * Simulates a forward jump of the database's clock: makes all stored times older. A sweep reads
 * the heartbeat first, so the lock hides a part of the jump.
 */
async function jump(days: number): Promise<void> {
  const interval = `interval '${days} days'`
  await pool.query(`
    begin;
    lock table token_store.heartbeat in access exclusive mode;
    update token_store.sessions set idle_until = idle_until - ${interval}, keep_until = keep_until - ${interval},
      access_expires_at = access_expires_at - ${interval}, sweep_bucket = 0;
    update cleanup.audit_events set occurred_at = occurred_at - ${interval};
    update token_store.heartbeat set beat_at = beat_at - ${interval};
    commit`)
}
/** Writes the next heartbeat, as token-store does. */
const beat = () =>
  pool.query(`
    with last as (select beat_at from token_store.heartbeat),
    down as (insert into token_store.downtimes select beat_at, clock_timestamp() from last where clock_timestamp() - beat_at > interval '3 seconds')
    update token_store.heartbeat set beat_at = clock_timestamp()`)

test('a database clock that jumps a hundred days ahead deletes no session and no audit event, before and after the next heartbeat', async () => {
  await addSessions(20, false)
  const { bus, value } = await startWorker()
  await bus.publish(SESSION_EVENTS_TOPIC, [createRotated(crypto.randomUUID(), 1)])
  await jump(100)
  await expectRefused(value, 'heartbeat')
  await beat()
  await expectRefused(value, 'downtime')
  expect([
    await count('token_store.sessions'),
    await count('cleanup.audit_events'),
    await value('auth_cleanup_deleted_sessions_total'),
  ]).toEqual([20, 1, 0])
  // A day later the jump is treated as a downtime.
  await pool.query(
    `update token_store.downtimes set started_at = started_at - interval '25 hours', ended_at = ended_at - interval '25 hours'`,
  )
  await vi.waitFor(
    async () =>
      expect([await count('token_store.sessions'), await count('cleanup.audit_events')]).toEqual([
        0, 0,
      ]),
    { timeout: 30_000 },
  )
  expect(await value('auth_cleanup_refused\\{reason="downtime"\\}')).toBe(0)
})

test('a database clock that differs from the clock of the worker deletes nothing', async () => {
  await addSessions(20, true)
  const real = Date.now
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + 90_000)
  const { value } = await startWorker()
  await expectRefused(value, 'clock')
  expect(await count('token_store.sessions')).toBe(20)
  spy.mockRestore()
  await vi.waitFor(async () => expect(await count('token_store.sessions')).toBe(0), {
    timeout: 30_000,
  })
})

test('a sweep of more than a tenth of all sessions is refused, unless an operator forces it', async () => {
  await addSessions(1500, true)
  await addSessions(10_000, false)
  const { value } = await startWorker()
  await expectRefused(value, 'share')
  expect(await sweepOnce({ databaseUrl: url, anyway: false })).toEqual({
    deleted: 0,
    refused: 'share',
  })
  expect(await count('token_store.sessions')).toBe(11_500)
  expect(await sweepOnce({ databaseUrl: url, anyway: true })).toEqual({
    deleted: 1500,
    refused: undefined,
  })
  expect(await count('token_store.sessions')).toBe(10_000)
})

test('a worker of the previous release is refused too', async () => {
  await addSessions(20, true)
  await pool.query(`update token_store.heartbeat set beat_at = beat_at - interval '2 hours'`)
  const { rows } = await pool.query('select deleted from token_store.sweep_expired(10)')
  expect(rows).toEqual([{ deleted: 0 }])
})

test('an old schema is rejected with the command that migrates it', async () => {
  await pool.query('delete from cleanup.schema_version')
  await expect(startWorker()).rejects.toThrow('npm run migrate')
})
