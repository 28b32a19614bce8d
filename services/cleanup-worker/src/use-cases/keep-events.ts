import type { AnyEvent, EventType } from '@auto-refresh/contracts'
import type { AuditTrail, Metrics } from '../ports.ts'

/** Returns a handler that stores each event once in the audit trail, also if the bus repeats it. */
export function createKeepEvents({
  auditTrail,
  metrics,
}: {
  auditTrail: Pick<AuditTrail, 'keep'>
  metrics: Pick<Metrics, 'eventsProcessed'>
}) {
  return async function keepEvents(events: readonly AnyEvent[]): Promise<void> {
    const received = countByType(events)
    const kept = await keep(events, received)
    for (const [type, count] of received) {
      const handled = kept.get(type) ?? 0
      if (handled > 0) metrics.eventsProcessed(type, 'handled', handled)
      if (handled < count) metrics.eventsProcessed(type, 'duplicate', count - handled)
    }
  }

  async function keep(events: readonly AnyEvent[], received: ReadonlyMap<EventType, number>) {
    try {
      return await auditTrail.keep(events)
    } catch (error) {
      for (const [type, count] of received) metrics.eventsProcessed(type, 'failed', count)
      throw error
    }
  }
}

function countByType(events: readonly AnyEvent[]): Map<EventType, number> {
  const counts = new Map<EventType, number>()
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1)
  return counts
}
