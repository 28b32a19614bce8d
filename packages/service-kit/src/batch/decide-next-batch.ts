/**
 * After a batch: another one while batches come back full and the run has time left, and a pause
 * before it as long as the batch took, so that the clean-up never takes more than half of the
 * database from the requests.
 */
export function decideNextBatch({
  full,
  batchMs,
  elapsedMs,
  budgetMs,
}: {
  full: boolean
  batchMs: number
  elapsedMs: number
  budgetMs: number
}): { kind: 'done' } | { kind: 'out_of_time' } | { kind: 'go_on'; pauseMs: number } {
  if (!full) return { kind: 'done' }
  return elapsedMs >= budgetMs ? { kind: 'out_of_time' } : { kind: 'go_on', pauseMs: batchMs }
}
