import { createPool } from '@auto-refresh/service-kit/postgres'
import { createPostgresExpiredSessions } from './adapters/postgres/create-postgres-expired-sessions.ts'
import type { SweepRefusal } from './ports.ts'

const BATCH = 2000

/**
 * Deletes expired sessions until none is left or the sweep is refused. With `anyway` it is never
 * refused, for an operator who has checked the database's clock. Resolves to the number of deleted
 * sessions, and the reason of a refusal.
 */
export async function sweepOnce({
  databaseUrl,
  anyway,
}: {
  databaseUrl: string
  anyway: boolean
}): Promise<{ deleted: number; refused: SweepRefusal | undefined }> {
  const pool = createPool({ url: databaseUrl, applicationName: 'sweep', max: 1, onError: () => {} })
  try {
    const sessions = createPostgresExpiredSessions({ pool, nowMs: () => Date.now(), anyway })
    for (let all = 0; ;) {
      const { deleted, refused } = await sessions.sweep(BATCH)
      all += deleted
      if (deleted < BATCH) return { deleted: all, refused }
    }
  } finally {
    await pool.end()
  }
}
