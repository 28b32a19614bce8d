import type { EventOf } from '@auto-refresh/contracts'
import type { Detection } from './decide-detection.ts'
import type { Watched } from './observation.ts'

export type DetectionEvent = EventOf<'security.pattern-detected.v1'>

/** Creates the event of a detection. `id` must be equal for the same detection. */
export function toDetectionEvent({
  observation,
  detection,
  id,
  nowMs,
}: {
  observation: Watched
  detection: Detection
  id: string
  nowMs: number
}): DetectionEvent {
  const { pattern, subject, threshold } = observation
  const { about, eventId, traceparent } = detection.last ?? observation
  const traceId = traceparent?.split('-')[1]
  return {
    id,
    type: 'security.pattern-detected.v1',
    source: 'threat-monitor',
    time: toIso(nowMs),
    subject,
    key: subject,
    ...(traceparent === undefined ? {} : { traceparent }),
    data: {
      pattern,
      ...about,
      count: detection.count,
      threshold: threshold.points,
      window_seconds: threshold.seconds,
      first_at: toIso(detection.firstAtMs),
      last_at: toIso(detection.lastAtMs),
      last_event_id: eventId,
      ...(traceId === undefined ? {} : { trace_id: traceId }),
    },
  }
}

const toIso = (atMs: number) => new Date(atMs).toISOString()
