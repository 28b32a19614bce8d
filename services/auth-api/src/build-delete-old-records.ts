import { setTimeout as pause } from 'node:timers/promises'
import { createDeleteInBatches } from '@auto-refresh/service-kit/batch'
import { LONGEST_ACCESS_TOKEN_SECONDS } from '@auto-refresh/contracts'
import type { Metrics } from '@auto-refresh/service-kit/telemetry'
import type { Pool } from 'pg'
import {
  deleteOldAdminActs,
  deleteOldNotices,
  deleteOldRoleChanges,
  deleteOldSignIns,
  deleteOldSubjectTokens,
  oldestSignInSeconds,
} from './adapters/postgres/delete-old-records.ts'
import { endErasures, eraseRecords } from './adapters/postgres/erase-user.ts'
import type { Clock } from './ports/runtime.ts'

/**
 * For each table in one run, as in cleanup-worker by default. The rest waits for the next run.
 */
const BUDGET_MS = 20_000
const BATCH_SIZE = 1000
/** Access tokens from before an older change have expired; one more day for clocks that differ. */
const ROLE_CHANGE_DAYS = LONGEST_ACCESS_TOKEN_SECONDS / 86_400 + 1
/** An ID token is refused by its age before; one hour more for clocks that are corrected. */
const SUBJECT_TOKEN_DAYS = 1 / 24

/**
 * Completes erasures; deletes sign-ins, notices and acts of administrators whose retention has ended,
 * batch after batch; and reports the age of the oldest sign-in.
 */
export function buildDeleteOldRecords({
  pool,
  clock,
  retentionDays,
  metrics,
  signal,
}: {
  pool: Pool
  /** nothing is deleted while the clock is doubtful */
  clock: Clock & { isDoubtful(): boolean }
  retentionDays: number
  metrics: Pick<Metrics, 'signInsOldest' | 'signInsRetention'>
  signal: AbortSignal
}): () => Promise<void> {
  const deleteInBatches = createDeleteInBatches({
    clock: { nowMs: () => performance.now() },
    pause: (durationMs) => pause(durationMs),
    batchSize: BATCH_SIZE,
    budgetMs: BUDGET_MS,
  })
  metrics.signInsRetention.set(86_400 * retentionDays)
  return async () => {
    const tables = [
      { deleteOld: deleteOldSignIns, days: retentionDays },
      { deleteOld: deleteOldNotices, days: retentionDays },
      { deleteOld: deleteOldAdminActs, days: retentionDays },
      { deleteOld: deleteOldRoleChanges, days: ROLE_CHANGE_DAYS },
      { deleteOld: deleteOldSubjectTokens, days: SUBJECT_TOKEN_DAYS },
    ]
    try {
      const erased = await deleteInBatches((limit) => eraseRecords(pool, limit), signal)
      if (erased.finished) await endErasures(pool)
      for (const { deleteOld, days } of tables) {
        if (clock.isDoubtful()) break
        await deleteInBatches(
          (limit) => deleteOld(pool, { retentionDays: days, nowMs: clock.nowMs() }, limit),
          signal,
        )
      }
    } finally {
      // Also after a failed deletion: an alert depends on it.
      metrics.signInsOldest.set(await oldestSignInSeconds(pool))
    }
  }
}
