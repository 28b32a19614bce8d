import {
  CodedError,
  type TimelineEntry,
  type TimelineResult,
  type TimelineWindow,
} from '@auto-refresh/contracts'
import type { AuditTrailReader, OwnRecords } from '../../ports/audit-trail.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { Users } from '../../ports/users.ts'
import { parseTimelineCursor, toCursor, toMoment, toMomentBefore } from './timeline-cursor.ts'

export type TimelineOf = Readonly<{ userId: string } | { sessionId: string }>
export type ReadTimelineRequest = Readonly<{
  of: TimelineOf
  /** who reads: `key:NAME`, `user:ID` or `cli:NAME` */
  actor: string
  order?: 'oldest' | 'newest' | undefined
  /** an ISO time */
  since?: string | undefined
  cursor?: string | undefined
}>
export type TimelinePage =
  | { outcome: 'read'; entries: TimelineEntry[]; nextCursor: string | undefined }
  | { outcome: 'not_found' }
export type ReadTimeline = (request: ReadTimelineRequest) => Promise<TimelinePage>

/**
 * Reads one page of what happened to a user or a session: the audit trail, sign-ins and acts of
 * administrators, in the order of time. Throws `CodedError` invalid_request, or unavailable if one
 * of them cannot be read: a part of a story would be taken for the whole.
 */
export function createReadTimeline({
  auditTrail,
  ownRecords,
  users,
  log,
}: {
  auditTrail: AuditTrailReader
  ownRecords: OwnRecords
  users: Pick<Users, 'findByIds'>
  log: Log
}): ReadTimeline {
  return async ({ of, actor, order, since, cursor }) => {
    const window = toWindow({ order, since, cursor })
    log.info({ event: 'timeline_read', actor, ...of }, 'Timeline read')
    const { entries, end } = await readPage(of, window)
    if (entries.length === 0 && cursor === undefined && since === undefined) {
      const isUser = 'userId' in of && (await users.findByIds([of.userId])).length > 0
      if (!isUser) return { outcome: 'not_found' }
    }
    return {
      outcome: 'read',
      entries,
      nextCursor: end === undefined ? undefined : toCursor([window.order, end]),
    }
  }

  /** Both sources are read up to the moment where the first of them stops. */
  async function readPage(of: TimelineOf, window: TimelineWindow) {
    let trail = await auditTrail.timeline({ subject: of, window })
    const recordsOf = 'userId' in of ? of : { ...of, userId: trail.userId }
    const own = await ownRecords.read(recordsOf, upTo(window, trail.end))
    if (own.end !== undefined)
      trail = await auditTrail.timeline({ subject: of, window: upTo(window, own.end) })
    const end = trail.end ?? own.end
    return { entries: merge(trail, own.entries, { ...window, to: end }), end }
  }
}

const upTo = (window: TimelineWindow, end: string | undefined): TimelineWindow =>
  end === undefined ? window : { ...window, to: end }

function toWindow({
  order: asked,
  since,
  cursor,
}: {
  order: ReadTimelineRequest['order']
  since: string | undefined
  cursor: string | undefined
}): TimelineWindow {
  const last = cursor === undefined ? undefined : parseTimelineCursor(cursor)
  if (last !== undefined && asked !== undefined && last.order !== asked)
    throw new CodedError('invalid_request', { detail: 'The cursor is of the other order' })
  const position = last?.moment
  const order = asked ?? last?.order ?? 'oldest'
  const begin = since === undefined ? undefined : toMoment(since)
  if (order === 'newest')
    return {
      order,
      ...(position === undefined ? {} : { from: position }),
      ...(begin === undefined ? {} : { to: begin }),
    }
  const from = [position, begin === undefined ? undefined : toMomentBefore(begin)]
    .filter((moment) => moment !== undefined)
    .toSorted()
    .at(-1)
  return { order, ...(from === undefined ? {} : { from }) }
}

/** Puts own entries up to the end of the window between those of the trail. */
function merge(
  trail: TimelineResult,
  own: Awaited<ReturnType<OwnRecords['read']>>['entries'],
  { order, to }: Readonly<{ order: TimelineWindow['order']; to: string | undefined }>,
): TimelineEntry[] {
  const isWithin = (moment: string) =>
    to === undefined || (order === 'oldest' ? moment <= to : moment >= to)
  const entries = [
    ...own.flatMap(({ moment, entry }) => (isWithin(moment) ? [entry] : [])),
    ...trail.entries,
  ]
  return entries.toSorted((one, other) =>
    order === 'oldest'
      ? compare(one.at, other.at)
      : compare(other.last_at ?? other.at, one.last_at ?? one.at),
  )
}
const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other))

/** For a process without an audit trail. */
export const NO_AUDIT_TRAIL: AuditTrailReader = {
  timeline: async () => refuse(),
  detections: async () => refuse(),
}
function refuse(): never {
  throw new CodedError('unavailable', { cause: new Error('There is no audit trail to read') })
}
