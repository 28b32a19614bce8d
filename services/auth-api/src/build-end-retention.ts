import { setTimeout as pause } from 'node:timers/promises'
import { createDeleteInBatches } from '@auto-refresh/batch'
import type { Metrics } from '@auto-refresh/telemetry'
import type { Pool } from 'pg'
import { deleteOldNotices, deleteOldSignIns, oldestSignInSeconds } from './adapters/postgres/delete-old-records.ts'

/** As much time for each table as a run of the clean-up has by default: what is left waits for the next run. */
const BUDGET_MS = 20_000
const BATCH_SIZE = 1000

/** Deletes sign-ins and notices whose retention has ended, batch after batch, and reports the age of the oldest sign-in. */
export function buildEndRetention({ pool, retentionDays, metrics, signal }: {
  pool: Pool
  retentionDays: number
  metrics: Pick<Metrics, 'signInsOldest'>
  signal: AbortSignal
}): () => Promise<void> {
  const clock = { nowMs: () => performance.now(), pause: (durationMs: number) => pause(durationMs) }
  const deleteInBatches = createDeleteInBatches({ clock, batchSize: BATCH_SIZE, budgetMs: BUDGET_MS })
  return async () => {
    for (const deleteOld of [deleteOldSignIns, deleteOldNotices]) {
      await deleteInBatches((limit) => deleteOld(pool, { retentionDays }, limit), signal)
    }
    metrics.signInsOldest.set(await oldestSignInSeconds(pool))
  }
}
