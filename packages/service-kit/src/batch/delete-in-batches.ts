import type { Clock } from '@auto-refresh/service-kit/timing'
import { decideNextBatch } from './decide-next-batch.ts'

/**
 * Returns a function that deletes batches until one is not full, `budgetMs` is spent or its signal
 * aborts; the current batch is always finished. It resolves with whether nothing is left. It throws
 * what `deleteBatch` throws; earlier batches stay deleted.
 */
export function createDeleteInBatches({
  clock,
  pause,
  batchSize,
  budgetMs,
}: {
  /** monotonic */
  clock: Clock
  pause(durationMs: number): Promise<void>
  batchSize: number
  budgetMs: number
}) {
  return async function deleteInBatches(
    deleteBatch: (limit: number) => Promise<number>,
    signal: AbortSignal,
  ): Promise<{ finished: boolean }> {
    const startedAtMs = clock.nowMs()
    while (!signal.aborted) {
      const batchAtMs = clock.nowMs()
      const deleted = await deleteBatch(batchSize)
      const nowMs = clock.nowMs()
      const next = decideNextBatch({
        full: deleted >= batchSize,
        batchMs: nowMs - batchAtMs,
        elapsedMs: nowMs - startedAtMs,
        budgetMs,
      })
      if (next.kind !== 'continue') return { finished: next.kind === 'done' }
      await pause(next.pauseMs)
    }
    return { finished: false }
  }
}
export type DeleteInBatches = ReturnType<typeof createDeleteInBatches>
