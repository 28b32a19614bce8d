import type { DeleteInBatches } from '@auto-refresh/service-kit/batch'
import type { ExpiredSessions, SweepRefusal } from '../ports.ts'

/**
 * Deletes expired sessions. Any number of workers may do so at once: each session goes once, with
 * one event. `onEnd` gets why the run ended early, or `undefined`, and how many expired sessions
 * are left.
 */
export function createSweepSessions({
  expiredSessions,
  deleteInBatches,
  onDeleted,
  onEnd,
}: {
  expiredSessions: ExpiredSessions
  deleteInBatches: DeleteInBatches
  onDeleted: (sessions: number) => void
  onEnd: (refused: SweepRefusal | undefined, backlog: number) => void
}) {
  return async function sweepSessions(signal: AbortSignal): Promise<void> {
    let refused: SweepRefusal | undefined
    await deleteInBatches(async (limit) => {
      const swept = await expiredSessions.sweep(limit)
      refused = swept.refused
      onDeleted(swept.deleted)
      return swept.deleted
    }, signal)
    onEnd(refused, await expiredSessions.count())
  }
}
