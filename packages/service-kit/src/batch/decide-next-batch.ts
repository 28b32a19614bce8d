/**
 * Decides whether another batch follows: only after a full one, and while the run has time left. The
 * pause before it is as long as the batch took, so that a clean-up uses at most half of the
 * database's time.
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
}): { kind: 'done' } | { kind: 'out_of_time' } | { kind: 'continue'; pauseMs: number } {
  if (!full) return { kind: 'done' }
  return elapsedMs >= budgetMs ? { kind: 'out_of_time' } : { kind: 'continue', pauseMs: batchMs }
}
