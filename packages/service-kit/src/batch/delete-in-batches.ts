import { decideNextBatch } from './decide-next-batch.ts'

type Clock = Readonly<{
  /** Monotonic; only differences count. */
  nowMs(): number
  pause(durationMs: number): Promise<void>
}>

/**
 * Deletes batch after batch until one comes back short, the budget is spent or `signal` stops it; a
 * batch under way is finished. Says whether nothing is left. Faults of `deleteBatch` are thrown;
 * what was deleted before stays deleted.
 */
export function createDeleteInBatches({
  clock,
  batchSize,
  budgetMs,
}: {
  clock: Clock
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
      if (next.kind !== 'go_on') return { finished: next.kind === 'done' }
      await clock.pause(next.pauseMs)
    }
    return { finished: false }
  }
}
export type DeleteInBatches = ReturnType<typeof createDeleteInBatches>
