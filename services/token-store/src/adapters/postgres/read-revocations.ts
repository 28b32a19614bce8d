import type { RevocationsRequest, RevocationsResult } from '@auto-refresh/contracts'
import type { Pool } from 'pg'

/** Rows read by one statement: a few milliseconds, far from the statement timeout. */
const PAGE_ROWS = 5000
/** An access token lives a day at most, so a session that ended earlier has none left. */
const LONGEST_LIFE = '1 day 10 minutes'
const CURSOR = /^(\d{1,20}):([0-9a-f-]{36})$/

type Row = {
  now: number
  session_id: string | null
  until: number
  revoked_at: number
  micros: string
  alive: boolean
}

/**
 * Sessions that ended, by (revoked_at, id). A page bounds the rows that are read, not those that are
 * returned: rows whose access tokens are dead stay for days, and skipping them must not run into the
 * deadline. One row comparison, without an alternative for the first page: a generic plan starts each
 * page in the index where the last one ended. Access tokens are signed by another clock than the one that writes `access_expires_at`;
 * a minute covers the difference.
 */
export async function readRevocations(
  pool: Pool,
  { sinceMs, page }: RevocationsRequest,
): Promise<RevocationsResult> {
  const cursor = CURSOR.exec(page?.after ?? '')
  const { rows } = await pool.query<Row>({
    name: 'read-revocations',
    text: `
      select c.now, s.id as session_id, s.access_expires_at + interval '1 minute' as until, s.revoked_at,
        (extract(epoch from s.revoked_at) * 1000000)::bigint::text as micros,
        s.access_expires_at + interval '1 minute' > c.now as alive
      from (
        select now, greatest(to_timestamp($1::float8 / 1000), now - $5::interval) as from_at,
          'epoch'::timestamptz + $2::bigint * interval '1 microsecond' as cursor_at
        from (select clock_timestamp() as now offset 0) read_at
        offset 0
      ) c
      left join lateral (
        select id, access_expires_at, revoked_at from token_store.sessions
        where revoked_at is not null
          and (revoked_at, id) > (
            greatest(c.from_at, c.cursor_at),
            case when c.cursor_at >= c.from_at then $3::uuid else '00000000-0000-0000-0000-000000000000' end)
        order by revoked_at, id
        limit $4::bigint
      ) s on true`,
    values: [
      sinceMs ?? 0,
      cursor?.[1] ?? null,
      cursor?.[2] ?? null,
      page === undefined ? null : PAGE_ROWS,
      LONGEST_LIFE,
    ],
  })
  const found = rows.flatMap((row) => (row.session_id === null ? [] : [{ ...row, sessionId: row.session_id }]))
  const last = page !== undefined && found.length === PAGE_ROWS ? found.at(-1) : undefined
  return {
    nowMs: rows[0]?.now ?? 0,
    revocations: found
      .filter(({ alive }) => alive)
      .map(({ sessionId, until, revoked_at }) => ({ sessionId, untilMs: until, revokedAtMs: revoked_at })),
    ...(last === undefined ? {} : { next: `${last.micros}:${last.sessionId}` }),
  }
}
