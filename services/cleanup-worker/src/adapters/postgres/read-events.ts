import type { DetectionsRequest, TimelineRequest } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import type { Part, StoredEvent } from '../../ports.ts'
import { toMoment, toWindow } from './to-window.ts'

/** The tables whose rows have the whole data. */
const TABLES = ['audit_records', 'audit_unpartitioned'] as const
const COLUMNS = 'event_id, occurred_at, session_seq, type, data'
/** The predicates of the indexes for these reads. */
const IS_IN_TIMELINE = `type <> 'refresh.refused.v1' and type <> 'login.succeeded.v1'`
const IS_DETECTION = `type in ('session.reuse-detected.v1', 'security.pattern-detected.v1')`

type Row = Readonly<{ eventId: string; at: string } & StoredEvent['event']>
const toEvent = ({ eventId, at, type, data }: Row) =>
  ({ eventId, at, event: { type, data } }) as StoredEvent

/** Reads the events of a window in their order: at most `limit` of each table, and all of the last moment. */
export async function readEvents(
  pool: Pool,
  request: TimelineRequest,
  limit: number,
): Promise<Part<StoredEvent>> {
  const { isInWindow, direction, values } = toWindow(request)
  const parts = TABLES.map(
    (table) => `
      (select '${table}' as part, ${COLUMNS}
      from cleanup.${table}
      where ${isInWindow} and ${IS_IN_TIMELINE}
      order by occurred_at ${direction}
      fetch first ${limit} rows with ties)`,
  )
  const { rows } = await pool.query<Row & { part: string }>(
    `select part, event_id as "eventId", ${toMoment('occurred_at')} as at, type, data
     from (${parts.join(' union all ')}) as found
     order by occurred_at ${direction}, session_seq ${direction} nulls last`,
    values,
  )
  const ends = TABLES.flatMap((table) => {
    const own = rows.filter(({ part }) => part === table)
    const last = own.at(-1)
    return last !== undefined && own.length >= limit ? [last.at] : []
  }).toSorted()
  const end = request.window.order === 'oldest' ? ends[0] : ends.at(-1)
  return { items: rows.map(toEvent), end }
}

/** Reads the newest detections. A reuse is one, and not also the pattern `reuse` about it. */
export async function readDetections(
  pool: Pool,
  { type, since, userId, sessionId, before }: DetectionsRequest,
  limit: number,
): Promise<StoredEvent[]> {
  const parts = TABLES.map(
    (table) => `
      (select ${COLUMNS}
      from cleanup.${table}
      where ${IS_DETECTION}
        and coalesce(data ->> 'pattern', 'reuse') = coalesce($1::text, data ->> 'pattern', 'reuse')
        and (type = 'session.reuse-detected.v1' or data ->> 'pattern' <> 'reuse')
        and ($2::timestamptz is null or occurred_at >= $2::timestamptz)
        and ($3::uuid is null or user_id = $3::uuid)
        and ($4::uuid is null or session_id = $4::uuid)
        and ($5::timestamptz is null or (occurred_at, event_id) < ($5::timestamptz, $6::uuid))
      order by occurred_at desc, event_id desc
      limit ${limit})`,
  )
  const { rows } = await pool.query<Row>(
    `select event_id as "eventId", ${toMoment('occurred_at')} as at, type, data
     from (${parts.join(' union all ')}) as found
     order by occurred_at desc, event_id desc
     limit ${limit}`,
    [
      type ?? null,
      since ?? null,
      userId ?? null,
      sessionId ?? null,
      before?.at ?? null,
      before?.id ?? null,
    ],
  )
  return rows.map(toEvent)
}
