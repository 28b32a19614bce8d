import type { DeleteInBatches } from '@auto-refresh/service-kit/batch'
import type { ExpiredSessions, Metrics, SweepRefusal } from '../ports.ts'

/**
 * Returns a run that deletes expired sessions. Any number of workers may run at once: each session is
 * deleted once, with one event.
 */
export function createSweepSessions({
  expiredSessions,
  deleteInBatches,
  metrics,
}: {
  expiredSessions: ExpiredSessions
  deleteInBatches: DeleteInBatches
  metrics: Pick<Metrics, 'sessionsDeleted' | 'sweepEnded'>
}) {
  return async function sweepSessions(signal: AbortSignal): Promise<void> {
    let refused: SweepRefusal | undefined
    await deleteInBatches(async (limit) => {
      const swept = await expiredSessions.sweep(limit)
      refused = swept.refused
      metrics.sessionsDeleted(swept.deleted)
      return swept.deleted
    }, signal)
    metrics.sweepEnded(refused, await expiredSessions.count())
  }
}
