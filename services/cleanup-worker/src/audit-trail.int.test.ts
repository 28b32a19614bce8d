import { SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import type { createPool } from '@auto-refresh/service-kit/postgres'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createFailedLogin,
  createRotated,
  openCleanupTest,
  startWorker as start,
} from './testing/cleanup-test.ts'

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
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
const many = (events: number, time?: string) =>
  Array.from({ length: events }, (_, seq) => createRotated(crypto.randomUUID(), seq, time))

async function count(from: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(`select count(*) from cleanup.${from}`)
  return rows[0]?.count ?? -1
}
async function partitions(): Promise<string[]> {
  const { rows } = await pool.query<{ partition: string }>(
    'select partition from cleanup.audit_partitions() order by parent, from_at',
  )
  return rows.map(({ partition }) => partition)
}
/** Waits for `wanted`; the runs of a worker start every second. */
const expectSoon = (look: () => Promise<unknown>, wanted: unknown) =>
  vi.waitFor(async () => expect(await look()).toEqual(wanted), { timeout: 30_000 })

/** Adds a partition of one day, with a rotation in it if it is for rotations. */
async function addOldPartition(parent: 'audit_rotations' | 'audit_records', days: number) {
  const name = `${parent}_old`
  const [from, until] = [days, days - 1].map((ago) => daysAgo(ago).slice(0, 10))
  await pool.query(
    `create table cleanup.${name} partition of cleanup.${parent} for values from ('${from}') to ('${until}')`,
  )
  if (parent === 'audit_rotations')
    await pool.query(
      `with old as (insert into cleanup.audit_clients (client_id, agent, last_on) values ('old', 'old', $1::date) returning id)
       insert into cleanup.audit_rotations (occurred_at, idle_until, session_seq, generation, interval_seconds, client, event_id, session_id, user_id, network)
       select $1::timestamptz, now(), 1, 1, 1, old.id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '' from old`,
      [from],
    )
  return name
}

describe('every event', () => {
  test('is stored once, also if the bus repeats it', async () => {
    const { bus, value } = await startWorker()
    const events: AnyEvent[] = [...many(1100), createFailedLogin(), createFailedLogin()]
    await bus.publish(SESSION_EVENTS_TOPIC, events)
    await bus.publish(SESSION_EVENTS_TOPIC, [...events.slice(0, 7), ...events.slice(-2)])
    expect([await count('audit_events'), await count('audit_rotations')]).toEqual([1102, 1100])
    const processed = (type: string, result: string) =>
      value(
        `auth_events_processed_total\\{consumer="cleanup-worker",type="${type}",result="${result}"\\}`,
      )
    expect([
      await processed('session.rotated.v1', 'handled'),
      await processed('session.rotated.v1', 'duplicate'),
      await processed('login.failed.v1', 'handled'),
      await processed('login.failed.v1', 'duplicate'),
    ]).toEqual([1100, 7, 2, 2])
  })

  test('has the same columns and the whole data in the view, whatever table holds it', async () => {
    const { bus } = await startWorker()
    const id = crypto.randomUUID()
    const [plain, extended] = [createRotated(id, 4), createRotated(id, 5)]
    plain.data.agent = 'Ünicode 🦊'
    const events = [plain, { ...extended, data: { ...extended.data, added_later: [1] } }]
    await bus.publish(SESSION_EVENTS_TOPIC, events)
    const { rows } = await pool.query(
      `select event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, data
       from cleanup.audit_events where session_id = $1::uuid order by session_seq`,
      [id],
    )
    expect(rows).toEqual(
      events.map((event) => ({
        event_id: event.id,
        topic: SESSION_EVENTS_TOPIC,
        type: 'session.rotated.v1',
        key: id,
        session_id: id,
        session_seq: event.data.session_seq,
        user_id: id,
        occurred_at: Date.parse(event.time),
        data: event.data,
      })),
    )
    expect([await count('audit_rotations'), await count('audit_records')]).toEqual([1, 1])
  })

  test('is found by session and by user through an index', async () => {
    const connection = await pool.connect()
    await connection.query('set enable_seqscan = off')
    for (const column of ['session_id', 'user_id']) {
      const { rows } = await connection.query<{ 'QUERY PLAN': string }>(
        `explain select * from cleanup.audit_events where ${column} = '${crypto.randomUUID()}'`,
      )
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).not.toContain('Seq Scan')
      expect(plan).toMatch(/Index Cond: \((session|user)_id/)
    }
    connection.release(true)
  })

  test('is stored by two consumers that get them in opposite order', async () => {
    const [one, other] = await Promise.all([startWorker(), startWorker()])
    const events = many(400)
    await Promise.all([
      one.bus.publish(SESSION_EVENTS_TOPIC, events),
      other.bus.publish(SESSION_EVENTS_TOPIC, events.toReversed()),
    ])
    expect(await count('audit_events')).toBe(400)
  })

  test('of a time without a partition is stored once and stops no consumer', async () => {
    await addOldPartition('audit_rotations', 70)
    const { bus } = await startWorker()
    const events = [
      ...many(3, daysAgo(-400)),
      ...many(3, daysAgo(60)),
      createFailedLogin(daysAgo(60)),
      ...many(3),
    ]
    await bus.publish(SESSION_EVENTS_TOPIC, events)
    await bus.publish(SESSION_EVENTS_TOPIC, events)
    expect([
      await count('audit_events'),
      await count('audit_unpartitioned'),
      await count('audit_rotations'),
    ]).toEqual([11, 7, 4])
  })

  test('of a stored client uses no further id, whichever worker stores it', async () => {
    for (const day of [2, 1, 1, 0, 1]) {
      const { bus } = await startWorker()
      await bus.publish(SESSION_EVENTS_TOPIC, many(2, daysAgo(day)))
    }
    const own = createRotated(crypto.randomUUID(), 1)
    own.data.agent = 'another'
    const { bus } = await startWorker()
    await bus.publish(SESSION_EVENTS_TOPIC, [...many(1), own])
    const { rows } = await pool.query(
      `select id, last_on::text from cleanup.audit_clients order by id`,
    )
    expect(rows).toEqual([1, 2].map((id) => ({ id, last_on: daysAgo(0).slice(0, 10) })))
    expect(await count('audit_rotations r join cleanup.audit_clients c on c.id = r.client')).toBe(
      12,
    )
  })

  test('is stored although another worker dropped its partition, or somebody dropped all', async () => {
    const { bus } = await startWorker()
    await bus.publish(SESSION_EVENTS_TOPIC, many(3))
    for (const partition of await partitions()) await pool.query(`drop table cleanup.${partition}`)
    await bus.publish(SESSION_EVENTS_TOPIC, [...many(3), createFailedLogin()])
    expect(await count('audit_events')).toBe(4)
  })
})

describe('partitions', () => {
  test('of the next three days are added once, by whichever worker is first', async () => {
    const workers = await Promise.all([startWorker(), startWorker(), startWorker()])
    const days = [-1, -2, -3].map((ago) => daysAgo(ago).slice(0, 10).replaceAll('-', ''))
    const wanted = ['records', 'rotations'].flatMap((part) => [
      `audit_${part}_first`,
      ...days.map((day) => `audit_${part}_${day}`),
    ])
    expect(await partitions()).toEqual(wanted)
    await vi.waitFor(async () => expect(await partitions()).toEqual(wanted))
    expect(workers.flatMap(({ warnings }) => warnings)).toEqual([])
  })

  test('after a stop of weeks have no gap, and are few', async () => {
    for (const part of ['audit_rotations', 'audit_records'] as const) {
      await pool.query(`drop table cleanup.${part}_first`)
      await addOldPartition(part, 60)
    }
    const { bus } = await startWorker()
    await bus.publish(SESSION_EVENTS_TOPIC, [...many(2, daysAgo(30)), ...many(2, daysAgo(2))])
    expect([await count('audit_rotations'), await count('audit_unpartitioned')]).toEqual([5, 0])
    expect((await partitions()).length).toBeLessThan(2 * 31)
  })

  test('are dropped after the retention of their kind, with the clients that nothing refers to', async () => {
    const rotations = await addOldPartition('audit_rotations', 40)
    const records = await addOldPartition('audit_records', 40)
    const [one] = await Promise.all(
      [1, 2].map(() => startWorker({ AUDIT_RETENTION_DAYS: '90/30' })),
    )
    await one?.bus.publish(SESSION_EVENTS_TOPIC, many(2))
    await expectSoon(async () => (await partitions()).includes(rotations), false)
    expect(await partitions()).toContain(records)
    await expectSoon(() => count('audit_clients'), 1)
    expect(await count('audit_rotations')).toBe(2)
  })

  test('are dropped without their clients, which are deleted in batches', async () => {
    await pool.query(`insert into cleanup.audit_clients (client_id, agent, last_on)
      select 'c', n, now() - interval '101 days' from generate_series(1, 1501) n`)
    await addOldPartition('audit_rotations', 100)
    const call = async (name: string) =>
      (await pool.query<{ result: unknown }>(`select cleanup.${name} as result`)).rows[0]?.result
    expect(await call(`drop_audit_partition('audit_rotations', 90, clock_timestamp())`)).toBe(true)
    expect(await count('audit_clients')).toBe(1502)
    expect(await call('delete_audit_clients(100)')).toBe(100)
    expect(await call('delete_audit_clients(10000)')).toBe(500)
    await startWorker({ batchSize: 100 })
    await expectSoon(() => count('audit_clients'), 0)
    const { rows } = await pool.query(
      `select indexdef from pg_indexes where tablename = 'audit_clients' and indexdef like '%(last_on)'`,
    )
    expect(rows).toHaveLength(1)
  })

  test('are kept until their last moment is older than the retention', async () => {
    const rotations = await addOldPartition('audit_rotations', 30)
    await pool.query(`insert into cleanup.audit_events (event_id, topic, type, key, occurred_at, data)
      values (gen_random_uuid(), 't', 'x', 'k', now() - interval '31 days', '{}')`)
    await startWorker({ AUDIT_RETENTION_DAYS: '30' })
    await expectSoon(() => count('audit_unpartitioned'), 0)
    expect(await partitions()).toContain(rotations)
  })

  test('are not dropped while the clock of the database is in doubt', async () => {
    const rotations = await addOldPartition('audit_rotations', 100)
    await pool.query(`update token_store.heartbeat set beat_at = beat_at - interval '2 hours'`)
    const { value } = await startWorker()
    await expectSoon(() => value('auth_cleanup_refused\\{reason="heartbeat"\\}'), 1)
    const drop = `select cleanup.drop_audit_partition('audit_rotations', 90, clock_timestamp()) as dropped`
    expect((await pool.query(drop)).rows).toEqual([{ dropped: false }])
    expect(await partitions()).toContain(rotations)
    await pool.query('update token_store.heartbeat set beat_at = clock_timestamp()')
    await expectSoon(async () => (await partitions()).includes(rotations), false)
  })

  test('that somebody reads are dropped later, and events are stored meanwhile', async () => {
    const rotations = await addOldPartition('audit_rotations', 100)
    const reader = await pool.connect()
    await reader.query('begin')
    await reader.query('select count(*) from cleanup.audit_events')
    const { bus, warnings } = await startWorker()
    await vi.waitFor(() => expect(JSON.stringify(warnings)).toContain('55P03'), { timeout: 30_000 })
    await bus.publish(SESSION_EVENTS_TOPIC, many(5))
    await reader.query('rollback')
    reader.release()
    await expectSoon(async () => (await partitions()).includes(rotations), false)
    expect(await count('audit_rotations')).toBe(5)
  })

  test.each([
    `add_audit_partition('pg_class', 1)`,
    `add_audit_partition('audit_records', 0)`,
    `add_audit_partition('audit_records', 42)`,
    `drop_audit_partition('pg_class', 90, now())`,
    `drop_audit_partition('audit_records', 0.5, now())`,
    `drop_audit_partition('audit_records', 'NaN', now())`,
  ])('cleanup.%s is refused', async (call) => {
    await expect(pool.query(`select cleanup.${call}`)).rejects.toThrow(
      call.includes('NaN') ? /audit table|out of range/ : 'must be an audit table',
    )
  })
})

describe('rows written by hand', () => {
  const insert = `insert into cleanup.audit_events (event_id, topic, type, key, occurred_at, data)
    select gen_random_uuid(), 't', 'x', 'k', now() - interval '91 days', '{}' from generate_series(1, 2000)`

  test('with an old date are deleted in batches, rows of today stay', async () => {
    await pool.query(insert)
    await pool.query(insert.replace('91 days', '89 days'))
    expect(await count('audit_events')).toBe(4000)
    await startWorker({ batchSize: 100 })
    await expectSoon(() => count('audit_events'), 2000)
  })

  test('can be changed and deleted, whatever table holds them', async () => {
    const { bus } = await startWorker()
    await bus.publish(SESSION_EVENTS_TOPIC, [...many(4), createFailedLogin(), createFailedLogin()])
    await pool.query(
      `update cleanup.audit_events set occurred_at = occurred_at - interval '91 days' where session_seq > 1 or session_seq is null`,
    )
    await expectSoon(() => count('audit_events'), 2)
    await pool.query('delete from cleanup.audit_events where session_seq = 1')
    expect(await count('audit_rotations')).toBe(1)
  })
})
