import type { DeleteInBatches } from '@auto-refresh/service-kit/batch'
import type { AuditTrail } from '../ports.ts'

/** Returns a run that deletes audit records older than `retentionDays`. */
export function createForgetOldEvents({
  auditTrail,
  deleteInBatches,
  retentionDays,
}: {
  auditTrail: AuditTrail
  deleteInBatches: DeleteInBatches
  retentionDays: number
}) {
  return async function forgetOldEvents(signal: AbortSignal): Promise<void> {
    await deleteInBatches(
      (limit) => auditTrail.deleteOlderThan({ days: retentionDays }, limit),
      signal,
    )
  }
}
