import { toTopic, type AnyEvent } from '@auto-refresh/contracts'
import type { AuditRecord } from '../ports.ts'

/**
 * What is kept of an event: all of it, with what an investigation asks for in columns of its own.
 */
export function toAuditRecord({ id, type, key, time, data }: AnyEvent): AuditRecord {
  return {
    eventId: id,
    topic: toTopic(type),
    type,
    key,
    sessionId: 'session_id' in data ? (data.session_id ?? null) : null,
    sessionSeq: 'session_seq' in data ? data.session_seq : null,
    userId: 'user_id' in data ? (data.user_id ?? null) : null,
    occurredAt: time,
    data,
  }
}
