import type { ExpiredSessions } from '../ports.ts'
import type { DeleteInBatches } from './delete-in-batches.ts'

/** Deletes expired sessions. Any number of workers may do so at once: each session goes once, with one event. */
export function createSweepSessions({ expiredSessions, deleteInBatches, onDeleted, onBacklog }: {
  expiredSessions: ExpiredSessions
  deleteInBatches: DeleteInBatches
  onDeleted: (sessions: number) => void
  onBacklog: (sessions: number) => void
}) {
  return async function sweepSessions(signal: AbortSignal): Promise<void> {
    await deleteInBatches(async (limit) => {
      const deleted = await expiredSessions.sweep(limit)
      onDeleted(deleted)
      return deleted
    }, signal)
    onBacklog(await expiredSessions.count())
  }
}
