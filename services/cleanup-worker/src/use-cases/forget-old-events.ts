import type { DeleteInBatches } from '@auto-refresh/service-kit/batch'
import { AUDIT_PARTS, type AuditPart, type AuditTrail } from '../ports.ts'

/** For one run; the next run continues. */
const MAX_DROPPED = 30

/**
 * Returns a run that drops the partitions of the audit trail that are older than `retentionDays`, and
 * deletes the clients of dropped rotations and older events that are in no partition. A step that
 * fails does not prevent the next one; the run throws the first error at its end.
 */
export function createForgetOldEvents({
  auditTrail,
  deleteInBatches,
  retentionDays,
}: {
  auditTrail: Pick<AuditTrail, 'dropPartition' | 'deleteClients' | 'deleteOlderThan'>
  deleteInBatches: DeleteInBatches
  retentionDays: Readonly<Record<AuditPart, number>>
}) {
  return async function forgetOldEvents(signal: AbortSignal): Promise<void> {
    const faults: unknown[] = []
    const attempt = async (step: () => Promise<unknown>) => {
      await step().catch((fault: unknown) => faults.push(fault))
    }
    for (const part of AUDIT_PARTS) await attempt(() => dropOldPartitions(part, signal))
    await attempt(() => deleteInBatches((limit) => auditTrail.deleteClients(limit), signal))
    await attempt(() =>
      deleteInBatches(
        (limit) => auditTrail.deleteOlderThan({ days: retentionDays.records }, limit),
        signal,
      ),
    )
    if (faults.length > 0) throw faults[0]
  }

  async function dropOldPartitions(part: AuditPart, signal: AbortSignal): Promise<void> {
    for (let dropped = 0; dropped < MAX_DROPPED && !signal.aborted; dropped += 1)
      if (!(await auditTrail.dropPartition(part, { days: retentionDays[part] }))) return
  }
}
