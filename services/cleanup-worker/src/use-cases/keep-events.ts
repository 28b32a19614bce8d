import type { AnyEvent } from '@auto-refresh/contracts'
import { toAuditRecord } from './to-audit-record.ts'
import type { AuditTrail } from '../ports.ts'

/** Keeps each event once in the audit trail, whatever the bus repeats. */
export function createKeepEvents({
  auditTrail,
  onEvent,
}: {
  auditTrail: AuditTrail
  onEvent: (event: AnyEvent, result: 'handled' | 'duplicate' | 'failed') => void
}) {
  return async function keepEvents(events: readonly AnyEvent[]): Promise<void> {
    const kept = new Set(await keep(events))
    // An event that stands twice in the batch is handled once.
    for (const event of events) onEvent(event, kept.delete(event.id) ? 'handled' : 'duplicate')
  }

  async function keep(events: readonly AnyEvent[]): Promise<string[]> {
    try {
      return await auditTrail.keep(events.map(toAuditRecord))
    } catch (error) {
      for (const event of events) onEvent(event, 'failed')
      throw error
    }
  }
}
