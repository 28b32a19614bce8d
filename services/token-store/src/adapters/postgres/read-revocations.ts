import type { Pool } from 'pg'

type Row = { now: number; session_id: string | null; until: number | null; revoked_at: number | null }

/**
 * Access tokens are signed by another clock than the one that writes `access_expires_at`; a minute covers the difference.
 * Without `sinceMs`: all that may still matter.
 */
export async function readRevocations(pool: Pool, sinceMs: number | undefined) {
  const { rows } = await pool.query<Row>({
    name: 'read-revocations',
    text: `
      select clock_timestamp() as now, s.id as session_id, s.access_expires_at + interval '1 minute' as until, s.revoked_at
      from (select) one
      left join token_store.sessions s on s.revoked_at is not null
        and s.revoked_at >= coalesce(to_timestamp($1::float8 / 1000), '-infinity')
        and s.access_expires_at + interval '1 minute' > clock_timestamp()`,
    values: [sinceMs ?? null],
  })
  const nowMs = rows[0]?.now ?? 0
  const revocations = rows.flatMap((row) =>
    row.session_id === null || row.until === null || row.revoked_at === null
      ? []
      : [{ sessionId: row.session_id, untilMs: row.until, revokedAtMs: row.revoked_at }],
  )
  return { nowMs, revocations }
}
