import type { Detection, Pattern } from '@auto-refresh/contracts'
import type { AuditTrailReader } from '../../ports/audit-trail.ts'
import type { Log } from '../../ports/telemetry.ts'
import { parseDetectionsCursor, toCursor, toMoment } from './timeline-cursor.ts'

export type ListDetectionsRequest = Readonly<{
  /** who reads: `key:NAME`, `user:ID` or `cli:NAME` */
  actor: string
  type?: Pattern | undefined
  /** an ISO time */
  since?: string | undefined
  userId?: string | undefined
  sessionId?: string | undefined
  cursor?: string | undefined
}>
export type ListDetections = (
  request: ListDetectionsRequest,
) => Promise<{ detections: Detection[]; nextCursor: string | undefined }>

/**
 * Lists suspicious patterns and reuses, newest first, one page at a time. Throws `CodedError`
 * invalid_request or unavailable.
 */
export function createListDetections({
  auditTrail,
  log,
}: {
  auditTrail: Pick<AuditTrailReader, 'detections'>
  log: Log
}): ListDetections {
  return async ({ actor, type, since, userId, sessionId, cursor }) => {
    const request = {
      ...(type === undefined ? {} : { type }),
      ...(since === undefined ? {} : { since: toMoment(since) }),
      ...(userId === undefined ? {} : { userId }),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(cursor === undefined ? {} : { before: parseDetectionsCursor(cursor) }),
    }
    log.info({ event: 'detections_read', actor, type, userId, sessionId }, 'Detections read')
    const { detections, next } = await auditTrail.detections(request)
    return {
      detections,
      nextCursor: next === undefined ? undefined : toCursor([next.at, next.id]),
    }
  }
}
