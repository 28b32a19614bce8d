import type { AuditTrailReader, TimelineEntry, TimelineWindow } from '@auto-refresh/contracts'
import type { AuditHistory } from '../ports.ts'
import { mergeRuns } from './merge-runs.ts'
import { toDetection, toRefreshedEntry, toRun, toTimelineEntry } from './to-timeline-entry.ts'

const DETECTIONS = 100

/** Creates the reads of the audit trail for auth-api. */
export function createAuditTrailReader({ history }: { history: AuditHistory }): AuditTrailReader {
  return {
    async timeline({ subject, window }) {
      const [events, userId] = await Promise.all([
        history.events({ subject, window }),
        'sessionId' in subject ? history.userOf(subject.sessionId) : undefined,
      ])
      // The groups end where the events end: an event later would divide them.
      const to = events.end ?? window.to
      const rotations = await history.rotations({
        subject,
        window: { ...window, ...(to === undefined ? {} : { to }) },
      })
      const end = rotations.end ?? events.end
      const read = events.items.filter(({ at }) => isUntil(at, end, window))
      const runs = read.flatMap((event) => toRun(event) ?? [])
      const entries = [
        ...read.flatMap((event) => toTimelineEntry(event) ?? []),
        ...mergeRuns([...rotations.items, ...runs]).map(toRefreshedEntry),
      ]
      return {
        entries: entries.toSorted(inOrder(window)),
        ...(end === undefined ? {} : { end }),
        ...(userId === undefined ? {} : { userId }),
      }
    },

    async detections(request) {
      const found = await history.detections(request, DETECTIONS + 1)
      const page = found.slice(0, DETECTIONS)
      const last = found.length > DETECTIONS ? page.at(-1) : undefined
      return {
        detections: page.flatMap((event) => toDetection(event) ?? []),
        ...(last === undefined ? {} : { next: { at: last.at, id: last.eventId } }),
      }
    },
  }
}

const isUntil = (at: string, end: string | undefined, { order }: TimelineWindow) =>
  end === undefined || (order === 'oldest' ? at <= end : at >= end)

/** A group stands where its first refresh is, or its last one if the newest is first. */
function inOrder({ order }: TimelineWindow) {
  return (one: TimelineEntry, other: TimelineEntry) =>
    order === 'oldest'
      ? compare(one.at, other.at)
      : compare(other.last_at ?? other.at, one.last_at ?? one.at)
}
const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other))
