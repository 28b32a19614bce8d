import type { Pool } from 'pg'
import type { AuditRecord, AuditTrail } from '../../ports.ts'

/** More rows would come close to the statement timeout of a second. */
const ROWS_PER_STATEMENT = 500

/** The audit trail in Postgres. `nowMs` is compared with the database's clock before deletions. */
export function createPostgresAuditTrail({
  pool,
  nowMs,
}: {
  pool: Pool
  nowMs: () => number
}): AuditTrail {
  return {
    async keep(records) {
      const kept: string[] = []
      for (let at = 0; at < records.length; at += ROWS_PER_STATEMENT)
        kept.push(...(await insertNew(pool, records.slice(at, at + ROWS_PER_STATEMENT))))
      return kept
    },
    deleteOlderThan: ({ days }, limit) => deleteOlderThan(pool, { days, limit, nowMs: nowMs() }),
  }
}

/** Inserts in the order of the ids, so that workers with the same events cannot deadlock. */
async function insertNew(pool: Pool, records: readonly AuditRecord[]): Promise<string[]> {
  const { rows } = await pool.query<{ event_id: string }>({
    name: 'keep-audit-events',
    text: `
      insert into cleanup.audit_events
        (event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, data)
      select
        n.event_id, n.topic, n.type, n.key, n.session_id, n.session_seq, n.user_id,
        n.occurred_at, n.data::jsonb
      from unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::uuid[],
        $8::timestamptz[], $9::text[]
      ) as n(event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, data)
      order by n.event_id
      on conflict (event_id) do nothing
      returning event_id`,
    values: [
      records.map((record) => record.eventId),
      records.map((record) => record.topic),
      records.map((record) => record.type),
      records.map((record) => record.key),
      records.map((record) => record.sessionId),
      records.map((record) => record.sessionSeq),
      records.map((record) => record.userId),
      records.map((record) => record.occurredAt),
      records.map((record) => JSON.stringify(record.data)),
    ],
  })
  return rows.map((row) => row.event_id)
}

type Limits = Readonly<{ days: number; limit: number; nowMs: number }>
/** Checks and deletes with one reading of the clock, so that a jump in between deletes nothing. */
async function deleteOlderThan(pool: Pool, { days, limit, nowMs }: Limits): Promise<number> {
  const { rowCount } = await pool.query(
    `with clock as materialized (select clock_timestamp() as at)
     delete from cleanup.audit_events
     where event_id = any(array(
       select event_id from cleanup.audit_events
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
