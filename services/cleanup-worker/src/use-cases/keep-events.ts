import type { AnyEvent } from '@auto-refresh/contracts'
import { toAuditRecord } from './to-audit-record.ts'
import type { AuditTrail, Metrics } from '../ports.ts'

/** Returns a handler that stores each event once in the audit trail, also if the bus repeats it. */
export function createKeepEvents({
  auditTrail,
  metrics,
}: {
  auditTrail: AuditTrail
  metrics: Pick<Metrics, 'eventProcessed'>
}) {
  return async function keepEvents(events: readonly AnyEvent[]): Promise<void> {
    const kept = new Set(await keep(events))
    // An event that is twice in the batch is handled once.
    for (const event of events)
      metrics.eventProcessed(event, kept.delete(event.id) ? 'handled' : 'duplicate')
  }

  async function keep(events: readonly AnyEvent[]): Promise<string[]> {
    try {
      return await auditTrail.keep(events.map(toAuditRecord))
    } catch (error) {
      for (const event of events) metrics.eventProcessed(event, 'failed')
      throw error
    }
  }
}
