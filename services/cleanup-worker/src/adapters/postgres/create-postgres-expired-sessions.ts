import type { Pool } from 'pg'
import { SWEEP_REFUSALS, type ExpiredSessions } from '../../ports.ts'

/**
 * Expired sessions through the functions that token-store grants; its tables are not accessible.
 * `nowMs` is compared with the database's clock. With `anyway` the sweep is never refused.
 */
export function createPostgresExpiredSessions({
  pool,
  nowMs,
  anyway = false,
}: {
  pool: Pool
  nowMs: () => number
  anyway?: boolean
}): ExpiredSessions {
  return {
    sweep: (limit) => sweep(pool, { limit, nowMs: nowMs(), anyway }),
    count: () => countExpired(pool),
  }
}

type Options = Readonly<{ limit: number; nowMs: number; anyway: boolean }>
async function sweep(pool: Pool, { limit, nowMs, anyway }: Options) {
  const { rows } = await pool.query<{ deleted: number; refused: string | null }>(
    'select deleted, refused from token_store.sweep($1::integer, to_timestamp($2::float8 / 1000), $3::boolean)',
    [limit, nowMs, anyway],
  )
  const { deleted = 0, refused } = rows[0] ?? {}
  return { deleted, refused: SWEEP_REFUSALS.find((reason) => reason === refused) }
}

async function countExpired(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ expired: number }>(
    'select token_store.count_expired() as expired',
  )
  return rows[0]?.expired ?? 0
}
