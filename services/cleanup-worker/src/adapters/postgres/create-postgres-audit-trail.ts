import type { AnyEvent, EventType } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import type { AuditTrail } from '../../ports.ts'
import { isPlainRotation, type Rotation } from '../../use-cases/is-plain-rotation.ts'
import { toAuditRecord } from '../../use-cases/to-audit-record.ts'
import { createAuditClients } from './create-audit-clients.ts'
import {
  createAuditPartitions,
  NO_PARTITIONS,
  type PartitionedTimes,
} from './create-audit-partitions.ts'
import { insertRecords } from './insert-records.ts'
import { insertRotations } from './insert-rotations.ts'

/** More rows would come close to the statement timeout of a second. */
const ROWS_PER_STATEMENT = 500
/** Postgres's check_violation, which a row without a partition is. */
const CHECK_VIOLATION = '23514'

type Counts = Map<EventType, number>

/** The audit trail in Postgres. `nowMs` is compared with the database's clock before deletions. */
export function createPostgresAuditTrail({
  pool,
  nowMs,
}: {
  pool: Pool
  nowMs: () => number
}): AuditTrail {
  const partitions = createAuditPartitions({ pool, nowMs })
  const toClients = createAuditClients({ pool })

  return {
    async keep(events) {
      const counts: Counts = new Map()
      for (let at = 0; at < events.length; at += ROWS_PER_STATEMENT)
        await keepChunk(events.slice(at, at + ROWS_PER_STATEMENT), counts)
      return counts
    },
    async addPartition(part, days) {
      const added = await partitions.add(part, days)
      partitions.forgetTimes()
      return added
    },
    async dropPartition(part, { days }) {
      const dropped = await partitions.drop(part, days)
      partitions.forgetTimes()
      return dropped
    },
    deleteClients: (limit) => deleteClients(pool, limit),
    deleteOlderThan: ({ days }, limit) => deleteOlderThan(pool, { days, limit, nowMs: nowMs() }),
  }

  /**
   * Another worker may drop a partition between the look and the insert: then it looks again, tries
   * each event alone, and at last uses none. No event may stop the consumer.
   */
  async function keepChunk(events: readonly AnyEvent[], counts: Counts, tries = 0): Promise<void> {
    const times = tries < 2 ? await partitions.times() : NO_PARTITIONS
    const { rotations, records, rest } = split(events, times)
    async function insert(some: readonly AnyEvent[], work: () => Promise<void>) {
      if (some.length === 0) return
      try {
        await work()
      } catch (error) {
        if (!isCheckViolation(error) || tries === 2) throw error
        partitions.forgetTimes()
        if (tries === 1 && some.length > 1)
          for (const event of some) await keepChunk([event], counts, tries)
        else await keepChunk(some, counts, tries + 1)
      }
    }
    const addRecords = async (table: 'audit_records' | 'audit_unpartitioned', some: AnyEvent[]) => {
      for (const type of await insertRecords(pool, table, some.map(toAuditRecord)))
        add(counts, type, 1)
    }
    await Promise.all([
      insert(rotations, async () =>
        add(counts, 'session.rotated.v1', await insertRotations(pool, toClients, rotations)),
      ),
      insert(records, () => addRecords('audit_records', records)),
      insert(rest, () => addRecords('audit_unpartitioned', rest)),
    ])
  }
}

const isCheckViolation = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === CHECK_VIOLATION

function add(counts: Counts, type: EventType, count: number) {
  counts.set(type, (counts.get(type) ?? 0) + count)
}

/** Splits events by their table; `rest` is for events of a time that has no partition. */
function split(events: readonly AnyEvent[], times: PartitionedTimes) {
  const rotations: Rotation[] = []
  const records: AnyEvent[] = []
  const rest: AnyEvent[] = []
  for (const event of events) {
    const isPlain = isPlainRotation(event)
    const { fromMs, untilMs } = isPlain ? times.rotations : times.records
    const atMs = Date.parse(event.time)
    if (!(atMs >= fromMs && atMs < untilMs)) rest.push(event)
    else if (isPlain) rotations.push(event)
    else records.push(event)
  }
  return { rotations, records, rest }
}

async function deleteClients(pool: Pool, limit: number): Promise<number> {
  const { rows } = await pool.query<{ deleted: number }>(
    'select cleanup.delete_audit_clients($1::integer) as deleted',
    [limit],
  )
  return rows[0]?.deleted ?? 0
}

type Limits = Readonly<{ days: number; limit: number; nowMs: number }>
/** Checks and deletes with one reading of the clock, so that a jump in between deletes nothing. */
async function deleteOlderThan(pool: Pool, { days, limit, nowMs }: Limits): Promise<number> {
  const { rowCount } = await pool.query(
    `with clock as materialized (select clock_timestamp() as at)
     delete from cleanup.audit_unpartitioned
     where event_id = any(array(
       select event_id from cleanup.audit_unpartitioned
       where occurred_at < (
         select at - $1::double precision * interval '1 day' from clock
         where token_store.doubt_clock(at, to_timestamp($3::float8 / 1000)) is null)
       order by occurred_at
       limit $2::integer
       for update skip locked))`,
    [days, limit, nowMs],
  )
  return rowCount ?? 0
}
