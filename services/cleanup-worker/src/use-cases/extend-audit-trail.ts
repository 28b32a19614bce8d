import { AUDIT_PARTS, type AuditPart, type AuditTrail } from '../ports.ts'

/** A look-up without a time visits every partition, and locks it. */
const PARTITIONS = 90
/** For one run; the next run continues. */
const MAX_ADDED = 30

/**
 * Returns a run that adds the partitions of the next days. A partition lasts a 90th of the
 * retention, at least a day.
 */
export function createExtendAuditTrail({
  auditTrail,
  retentionDays,
}: {
  auditTrail: Pick<AuditTrail, 'addPartition'>
  retentionDays: Readonly<Record<AuditPart, number>>
}) {
  return async function extendAuditTrail(): Promise<void> {
    for (const part of AUDIT_PARTS) {
      const days = Math.ceil(retentionDays[part] / PARTITIONS)
      for (let added = 0; added < MAX_ADDED; added += 1)
        if (!(await auditTrail.addPartition(part, days))) break
    }
  }
}
