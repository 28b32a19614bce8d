import { createPool } from '@auto-refresh/service-kit/postgres'
import { createPostgresExpiredSessions } from './adapters/postgres/create-postgres-expired-sessions.ts'
import type { SweepRefusal } from './ports.ts'

const BATCH = 500

/**
 * Sweeps expired sessions until none is left or the sweep is refused. With `anyway` it is not
 * refused: for an operator who has compared the clock of the database. Returns how many were
 * deleted, and why it stopped early.
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
