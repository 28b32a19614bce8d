import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { migrate } from '@auto-refresh/service-kit/postgres'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CLEANUP_WORKER_MIGRATIONS } from './cleanup-worker-migrations.ts'
import {
  createFailedLogin,
  createRotated,
  openCleanupTest,
  startWorker,
} from './testing/cleanup-test.ts'
import { openAuditTrailReader } from './open-audit-trail-reader.ts'
import { toAuditRecord } from './use-cases/to-audit-record.ts'

let stack: AsyncDisposableStack
beforeEach(() => {
  stack = new AsyncDisposableStack()
})
afterEach(() => stack.disposeAsync())

/** A database as the release before the partitions left it. */
async function openOldDatabase(events: readonly AnyEvent[]) {
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'audit-upgrade-')), (path) =>
    rm(path, { recursive: true }),
  )
  const first = '001.do.audit-events.sql'
  await copyFile(join(CLEANUP_WORKER_MIGRATIONS.directory, first), join(folder, first))
  const database = await openCleanupTest(stack, { schema: 'cleanup', directory: folder })
  for (const record of events.map(toAuditRecord))
    await database.pool.query(
      `insert into cleanup.audit_events (event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, data)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        record.eventId,
        record.topic,
        record.type,
        record.key,
        record.sessionId,
        record.sessionSeq,
        record.userId,
        record.occurredAt,
        record.data,
      ],
    )
  return database
}
const upgrade = async (url: string) => {
  const applied: string[] = []
  await migrate({ url, ...CLEANUP_WORKER_MIGRATIONS, log: (line) => void applied.push(line) })
  return applied
}
const at = (ms: number) => new Date(Date.now() + ms).toISOString()

test('events from before the partitions stay, and none is stored again', async () => {
  const future = createRotated(crypto.randomUUID(), 1, at(400 * 86_400_000))
  const old = [
    createRotated(crypto.randomUUID(), 1, at(-3_600_000)),
    createFailedLogin(at(-3_600_000)),
    createRotated(crypto.randomUUID(), 1, at(-1)),
    createFailedLogin(at(-1)),
    future,
  ]
  const { url, pool } = await openOldDatabase(old)
  const { rows: before } = await pool.query('select * from cleanup.audit_events order by event_id')
  expect(await upgrade(url)).toHaveLength(2)
  expect(await upgrade(url)).toEqual([])
  const { rows: after } = await pool.query('select * from cleanup.audit_events order by event_id')
  expect(after).toEqual(before)

  const { bus } = await startWorker(stack, { url })
  const fresh = [createRotated(crypto.randomUUID(), 1, at(100)), createFailedLogin(at(100))]
  for (let delivery = 0; delivery < 2; delivery += 1)
    await bus.publish(SESSION_EVENTS_TOPIC, [...old, ...fresh])
  const { rows } = await pool.query<{ tables: string; count: number }>(
    `select 'all' as tables, count(*) from cleanup.audit_events
     union all select 'partitioned', (select count(*) from cleanup.audit_rotations) + (select count(*) from cleanup.audit_records)`,
  )
  expect(rows).toEqual([
    { tables: 'all', count: 7 },
    { tables: 'partitioned', count: 2 },
  ])
})

test('an event of the last millisecond of a day does not prevent the upgrade', async () => {
  const { url } = await openOldDatabase([createFailedLogin(`${at(0).slice(0, 10)}T23:59:59.999Z`)])
  expect(await upgrade(url)).toHaveLength(2)
})

test('events from before the partitions are deleted after their retention', async () => {
  const { url, pool } = await openOldDatabase([
    createRotated(crypto.randomUUID(), 1, at(-91 * 86_400_000)),
    createFailedLogin(at(-91 * 86_400_000)),
    createFailedLogin(at(-1)),
  ])
  await upgrade(url)
  await startWorker(stack, { url })
  await vi.waitFor(
    async () => expect((await pool.query('select from cleanup.audit_events')).rowCount).toBe(1),
    { timeout: 30_000 },
  )
})

test('a worker with only the grants of its role keeps, adds, drops and deletes', async () => {
  const { url, pool } = await openCleanupTest(stack)
  await migrate({
    url,
    schema: 'auth_api',
    directory: join(import.meta.dirname, '../../auth-api/migrations'),
    log: () => {},
  })
  // Roles belong to the server, which other tests share.
  for (const role of ['auth_api', 'token_store', 'cleanup_worker', 'auditor'])
    await pool.query(
      `do $$ begin create role ${role}; exception when duplicate_object or unique_violation then null; end $$`,
    )
  const grants = join(import.meta.dirname, '../../../deploy/postgres/grants.sql')
  await pool.query(await readFile(grants, 'utf8'))
  const own = new URL(url)
  own.searchParams.set('options', `${own.searchParams.get('options') ?? ''} -c role=cleanup_worker`)
  await pool.query(`
    create table cleanup.audit_rotations_old partition of cleanup.audit_rotations for values from ('2020-01-01') to ('2020-01-02');
    insert into cleanup.audit_events (event_id, topic, type, key, occurred_at, data)
      values (gen_random_uuid(), 't', 'x', 'k', '2020-01-01', '{}')`)
  const { bus, warnings } = await startWorker(stack, { url: own.href })
  const userId = crypto.randomUUID()
  await bus.publish(SESSION_EVENTS_TOPIC, [
    createRotated(userId, 1),
    createFailedLogin(),
    createFailedLogin('2200-01-01T00:00:00.000Z'),
  ])
  await vi.waitFor(
    async () => {
      const { rows } = await pool.query(
        `select (select count(*) from cleanup.audit_partitions()) as partitions, (select count(*) from cleanup.audit_events) as events`,
      )
      expect(rows).toEqual([{ partitions: 8, events: 3 }])
    },
    { timeout: 30_000 },
  )
  expect(warnings).toEqual([])
  const { auditTrail, close } = openAuditTrailReader({ databaseUrl: own.href })
  stack.defer(close)
  const read = { subject: { userId }, window: { order: 'oldest' } } as const
  expect((await auditTrail.timeline(read)).entries).toHaveLength(1)
  expect(await auditTrail.detections({})).toEqual({ detections: [] })
  for (const forbidden of [
    'update cleanup.audit_events set type = type',
    'delete from cleanup.audit_rotations',
    'delete from cleanup.audit_records',
    'select from cleanup.audit_events',
    'insert into cleanup.audit_events (event_id) values (gen_random_uuid())',
    'delete from cleanup.audit_clients',
    'drop table cleanup.audit_rotations_first',
    'update cleanup.audit_clients set agent = agent',
  ])
    await expect(
      pool.query(`begin; set local role cleanup_worker; ${forbidden}; commit`),
    ).rejects.toThrow(/permission denied|must be owner/)
})
