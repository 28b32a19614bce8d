import {
  LONGEST_ACCESS_TOKEN_SECONDS,
  type RevocationsRequest,
  type RevocationsResult,
} from '@auto-refresh/contracts'
import type { Pool } from 'pg'

/** Rows per statement: a few milliseconds, far below the statement timeout. */
const PAGE_ROWS = 5000
/** The access tokens of a session that ended earlier have expired by every clock. */
const LONGEST_LIFE = `${LONGEST_ACCESS_TOKEN_SECONDS + 600} seconds`
const CURSOR = /^(\d{1,20}):([0-9a-f-]{36})$/

type Row = {
  now: number
  /**
   * `[id, until, revoked_at]` in Unix milliseconds; parsing plain rows would cost the driver more
   * than the query costs Postgres
   */
  alive: [string, number, number][]
  rows_read: number
  last_at: number | null
  last: string | null
}

/**
 * Reads revoked sessions in the order of (revoked_at, id).
 *
 * - A page limits the rows that are read, not those that are returned: rows whose access tokens have
 *   expired stay for days, and skipping them must not exceed the deadline.
 * - The cursor is one row comparison, also for the first page, so a generic plan starts each page in
 *   the index where the last one ended.
 * - Access tokens are signed by another clock than the one that writes `access_expires_at`; one
 *   minute covers the difference.
 */
export async function readRevocations(
  pool: Pool,
  { sinceMs, page }: RevocationsRequest,
): Promise<RevocationsResult> {
  const cursor = CURSOR.exec(page?.after ?? '')
  const { rows } = await pool.query<Row>({
    name: 'read-revocations',
    text: `
      select c.now, p.*
      from (
        select now, greatest(to_timestamp($1::float8 / 1000), now - $5::interval) as from_at,
          'epoch'::timestamptz + $2::bigint * interval '1 microsecond' as cursor_at
        from (select clock_timestamp() as now offset 0) read_at
        offset 0
      ) c
      cross join lateral (
        select coalesce(
            json_agg(json_build_array(id,
              floor(extract(epoch from access_expires_at) * 1000)::bigint + 60000,
              floor(extract(epoch from revoked_at) * 1000)::bigint) order by revoked_at, id)
            filter (where access_expires_at + interval '1 minute' > c.now), '[]') as alive,
          count(*) as rows_read,
          max(revoked_at) as last_at,
          (extract(epoch from max(revoked_at)) * 1000000)::bigint || ':' ||
            (array_agg(id order by revoked_at, id))[count(*)] as last
        from (
          select id, access_expires_at, revoked_at from token_store.sessions
          where revoked_at is not null
            and (revoked_at, id) > (
              greatest(c.from_at, c.cursor_at),
              case when c.cursor_at >= c.from_at then $3::uuid else '00000000-0000-0000-0000-000000000000' end)
          order by revoked_at, id
          limit $4::bigint
        ) s
      ) p`,
    values: [
      sinceMs ?? 0,
      cursor?.[1] ?? null,
      cursor?.[2] ?? null,
      page === undefined ? null : PAGE_ROWS,
      LONGEST_LIFE,
    ],
  })
  const [answer] = rows
  if (answer === undefined) throw new Error('Postgres returned no row')
  const { now, alive, rows_read, last_at, last } = answer
  const isLast = page === undefined || rows_read < PAGE_ROWS || last === null || last_at === null
  return {
    nowMs: now,
    revocations: alive.map(([sessionId, untilMs, revokedAtMs]) => ({
      sessionId,
      untilMs,
      revokedAtMs,
    })),
    ...(isLast ? { readToMs: now } : { readToMs: last_at, next: last }),
  }
}
