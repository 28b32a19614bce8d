import { fileURLToPath } from 'node:url'
import { SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { createPool, migrate } from '@auto-refresh/service-kit/postgres'
import { createMetrics, createSilentLogger } from '@auto-refresh/service-kit/telemetry'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { buildCleanupWorker } from './build-cleanup-worker.ts'
import { CLEANUP_WORKER_MIGRATIONS } from './cleanup-worker-migrations.ts'
import { parseCleanupWorkerConfig } from './config.ts'
import { sweepOnce } from './sweep-once.ts'

const TOKEN_STORE_MIGRATIONS = {
  schema: 'token_store',
  directory: fileURLToPath(new URL('../../token-store/migrations', import.meta.url)),
}

let stack: AsyncDisposableStack
let url: string
let pool: ReturnType<typeof createPool>

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  const database = stack.adopt(await createTestDatabase(), ({ drop }) => drop())
  url = database.url
  for (const migrations of [TOKEN_STORE_MIGRATIONS, CLEANUP_WORKER_MIGRATIONS])
    await migrate({ url, ...migrations, log: () => undefined })
  pool = stack.adopt(
    createPool({ url, applicationName: 'test', max: 2, onError: () => undefined }),
    (opened) => opened.end(),
  )
})
afterEach(() => stack.disposeAsync())

async function startWorker({
  batchSize = 500,
  ...environment
}: { batchSize?: number; AUDIT_RETENTION_DAYS?: string } = {}) {
  const bus = createInProcessBus()
  const metrics = createMetrics({ service: 'test', version: '0' })
  const worker = buildCleanupWorker({
    config: {
      ...parseCleanupWorkerConfig({
        DATABASE_URL: url,
        CLEANUP_INTERVAL_SECONDS: '1',
        ...environment,
      }),
      batchSize,
    },
    subscriber: bus,
    logger: createSilentLogger(),
    metrics,
  })
  stack.defer(() => worker.stop())
  await worker.start()
  const value = async (name: string) =>
    Number((await metrics.scrape()).text.match(new RegExp(`^${name} (.*)$`, 'm'))?.[1])
  return { bus, value }
}

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
const rotated = (id: string, sessionSeq: number): AnyEvent => ({
  id,
  type: 'session.rotated.v1',
  source: 'token-store',
  time: new Date().toISOString(),
  subject: id,
  key: id,
  data: {
    session_id: id,
    session_seq: sessionSeq,
    user_id: id,
    client_id: 'test',
    generation: sessionSeq,
    network: '10.0.0.0/24',
    agent: 'a "quoted" {agent}, \\',
    idle_until: new Date().toISOString(),
    interval_seconds: 1,
  },
})

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

test('the audit trail stores every event once, also if the bus repeats it', async () => {
  const { bus, value } = await startWorker()
  const ids = Array.from({ length: 1100 }, () => crypto.randomUUID())
  const events = ids.map((id, seq) => rotated(id, seq))
  await bus.publish(SESSION_EVENTS_TOPIC, events)
  await bus.publish(SESSION_EVENTS_TOPIC, events.slice(0, 7))
  expect(await count('cleanup.audit_events')).toBe(1100)
  const { rows } = await pool.query(
    'select topic, type, session_seq, data from cleanup.audit_events where session_id = $1::uuid',
    [ids[4]],
  )
  expect(rows).toEqual([
    {
      topic: SESSION_EVENTS_TOPIC,
      type: 'session.rotated.v1',
      session_seq: 4,
      data: events[4]?.data,
    },
  ])
  expect(
    await value(
      'auth_events_processed_total\\{consumer="cleanup-worker",type="session.rotated.v1",result="duplicate"\\}',
    ),
  ).toBe(7)
})

test('two consumers with the same events in opposite order both succeed', async () => {
  const [one, other] = await Promise.all([startWorker(), startWorker()])
  const events = Array.from({ length: 400 }, (_, seq) => rotated(crypto.randomUUID(), seq))
  await Promise.all([
    one.bus.publish(SESSION_EVENTS_TOPIC, events),
    other.bus.publish(SESSION_EVENTS_TOPIC, events.toReversed()),
  ])
  expect(await count('cleanup.audit_events')).toBe(400)
})

test('an event is deleted by the first run after its retention', async () => {
  const { bus } = await startWorker({ AUDIT_RETENTION_DAYS: '30', batchSize: 10 })
  await bus.publish(
    SESSION_EVENTS_TOPIC,
    Array.from({ length: 45 }, (_, seq) => rotated(crypto.randomUUID(), seq)),
  )
  await pool.query(
    `update cleanup.audit_events set occurred_at = occurred_at - interval '31 days' where session_seq < 40`,
  )
  await vi.waitFor(async () => expect(await count('cleanup.audit_events')).toBe(5), {
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
  await bus.publish(SESSION_EVENTS_TOPIC, [rotated(crypto.randomUUID(), 1)])
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
