import type { Pool } from 'pg'
import type { ExpiredSessions } from '../../ports.ts'

/** Through the two functions that token-store grants; its tables stay out of reach. */
export function createPostgresExpiredSessions({ pool }: { pool: Pool }): ExpiredSessions {
  return {
    sweep: (limit) => sweepExpired(pool, limit),
    count: () => countExpired(pool),
  }
}

async function sweepExpired(pool: Pool, limit: number): Promise<number> {
  const { rows } = await pool.query<{ deleted: number }>('select deleted from token_store.sweep_expired($1::integer)', [limit])
  return rows[0]?.deleted ?? 0
}

async function countExpired(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ expired: number }>('select token_store.count_expired() as expired')
  return rows[0]?.expired ?? 0
}
