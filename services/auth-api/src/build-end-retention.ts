import { setTimeout as pause } from 'node:timers/promises'
import { createDeleteInBatches } from '@auto-refresh/service-kit/batch'
import { LONGEST_ACCESS_TOKEN_SECONDS } from '@auto-refresh/contracts'
import type { Metrics } from '@auto-refresh/service-kit/telemetry'
import type { Pool } from 'pg'
import {
  deleteOldNotices,
  deleteOldRoleChanges,
  deleteOldSignIns,
  oldestSignInSeconds,
} from './adapters/postgres/delete-old-records.ts'
import type { Clock } from './ports/runtime.ts'

/**
 * As much time for each table as a run of the clean-up has by default: what is left waits for the
 * next run.
 */
const BUDGET_MS = 20_000
const BATCH_SIZE = 1000
/** No access token from before an older change is alive; a day more for clocks that differ. */
const ROLE_CHANGE_DAYS = LONGEST_ACCESS_TOKEN_SECONDS / 86_400 + 1

/**
 * Deletes sign-ins and notices whose retention has ended, batch after batch, and reports the age of
 * the oldest sign-in.
 */
export function buildEndRetention({
  pool,
  clock,
  retentionDays,
  metrics,
  signal,
}: {
  pool: Pool
  /** nothing is deleted while it is doubtful: what a wrong clock deletes is gone */
  clock: Clock & { isDoubtful(): boolean }
  retentionDays: number
  metrics: Pick<Metrics, 'signInsOldest' | 'signInsRetention'>
  signal: AbortSignal
}): () => Promise<void> {
  const elapsed = {
    nowMs: () => performance.now(),
    pause: (durationMs: number) => pause(durationMs),
  }
  const deleteInBatches = createDeleteInBatches({
    clock: elapsed,
    batchSize: BATCH_SIZE,
    budgetMs: BUDGET_MS,
  })
  metrics.signInsRetention.set(86_400 * retentionDays)
  return async () => {
    const tables = [
      { deleteOld: deleteOldSignIns, days: retentionDays },
      { deleteOld: deleteOldNotices, days: retentionDays },
      { deleteOld: deleteOldRoleChanges, days: ROLE_CHANGE_DAYS },
    ]
    try {
      for (const { deleteOld, days } of tables) {
        if (clock.isDoubtful()) break
        await deleteInBatches(
          (limit) => deleteOld(pool, { retentionDays: days, nowMs: clock.nowMs() }, limit),
          signal,
        )
      }
    } finally {
      // Above all when nothing could be deleted: an alert depends on it.
      metrics.signInsOldest.set(await oldestSignInSeconds(pool))
    }
  }
}
