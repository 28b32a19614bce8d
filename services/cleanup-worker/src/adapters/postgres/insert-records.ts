import type { EventType } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import type { AuditRecord } from '../../ports.ts'

/** With the columns that decide whether an event is new. */
const TARGETS = {
  audit_records: 'event_id, occurred_at',
  audit_unpartitioned: 'event_id',
} as const

/**
 * Inserts records that are new, and resolves to their types. The order keeps workers with the same
 * events from a deadlock. Throws if one has no partition in `audit_records`.
 */
export async function insertRecords(
  pool: Pool,
  table: keyof typeof TARGETS,
  records: readonly AuditRecord[],
): Promise<EventType[]> {
  const { rows } = await pool.query<{ type: EventType }>({
    name: `keep-${table.replaceAll('_', '-')}`,
    text: `
      insert into cleanup.${table}
        (event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, data)
      select
        n.event_id, n.topic, n.type, n.key, n.session_id, n.session_seq, n.user_id,
        n.occurred_at, n.data::jsonb
      from unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::uuid[],
        $8::timestamptz[], $9::text[]
      ) as n(event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, data)
      order by n.event_id
      on conflict (${TARGETS[table]}) do nothing
      returning type`,
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
  return rows.map(({ type }) => type)
}
