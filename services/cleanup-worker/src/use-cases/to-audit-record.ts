import { toTopic, type AnyEvent } from '@auto-refresh/contracts'
import type { AuditRecord } from '../ports.ts'

/** Converts an event to a record with its whole data, and columns for the ids of an investigation. */
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
