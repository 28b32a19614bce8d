import { Type, type Static } from 'typebox'
import { PATTERNS } from './events.ts'
import { Detection, TimelineEntry } from './investigation.ts'

/**
 * The API of cleanup-worker's audit trail for auth-api, the same in one process and over the internal
 * HTTP. Failures are thrown as `CodedError('unavailable')`.
 */
const Uuid = Type.String({ format: 'uuid' })
const strict = { additionalProperties: false }

/** A time with microseconds, as text: `2026-11-23T12:00:00.000000Z`. Texts sort like times. */
const moment = (description: string) =>
  Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$', description })
const Moment = moment('UTC with microseconds')

/** A part of a timeline: after `from`, up to and including `to`, in the direction of `order`. */
export const TimelineWindow = Type.Object(
  {
    order: Type.Enum(['oldest', 'newest'] as const),
    from: Type.Optional(Moment),
    to: Type.Optional(Moment),
  },
  strict,
)
export type TimelineWindow = Static<typeof TimelineWindow>

export const TimelineRequest = Type.Object(
  {
    subject: Type.Union([
      Type.Object({ userId: Uuid }, strict),
      Type.Object({ sessionId: Uuid }, strict),
    ]),
    window: TimelineWindow,
  },
  strict,
)
export type TimelineRequest = Static<typeof TimelineRequest>
export const TimelineResult = Type.Object({
  entries: Type.Array(TimelineEntry),
  end: Type.Optional(moment('where the entries end, if before `to`')),
  userId: Type.Optional(Type.String({ format: 'uuid', description: 'the user of the session' })),
})
export type TimelineResult = Static<typeof TimelineResult>

const Position = Type.Object({ at: Moment, id: Uuid }, strict)
export const DetectionsRequest = Type.Object(
  {
    type: Type.Optional(Type.Enum(PATTERNS)),
    since: Type.Optional(Moment),
    userId: Type.Optional(Uuid),
    sessionId: Type.Optional(Uuid),
    before: Type.Optional(Position),
  },
  strict,
)
export type DetectionsRequest = Static<typeof DetectionsRequest>
export const DetectionsResult = Type.Object({
  detections: Type.Array(Detection),
  next: Type.Optional(Position),
})
export type DetectionsResult = Static<typeof DetectionsResult>

export interface AuditTrailReader {
  /** Reads one bounded part of a timeline, in the order of the window. */
  timeline(request: TimelineRequest): Promise<TimelineResult>
  /** Reads one page of detections, newest first. */
  detections(request: DetectionsRequest): Promise<DetectionsResult>
}
