import {
  CodedError,
  type TimelineEntry,
  type TimelineRequest,
  type TimelineResult,
  type TimelineWindow,
} from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import type { OwnEntry, RecordsOf } from '../../ports/audit-trail.ts'
import { aLog, aUser, SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { createReadTimeline } from './read-timeline.ts'

const moment = (second: number) => `2026-11-23T12:00:${String(second).padStart(2, '0')}.000000Z`
const iso = (second: number) => `${moment(second).slice(0, 23)}Z`
const entry = (type: TimelineEntry['type'], second: number): TimelineEntry => ({
  type,
  at: iso(second),
})
const own = (type: TimelineEntry['type'], second: number): OwnEntry => ({
  moment: moment(second),
  entry: entry(type, second),
})
const isIn = (at: string, { order, from, to }: TimelineWindow) =>
  order === 'oldest'
    ? at > (from ?? '') && at <= (to ?? '9')
    : at < (from ?? '9') && at >= (to ?? '')

/** Sources that read at most `limit` entries, as the real ones do. */
function open({
  trail = [],
  records = [],
  limit = 100,
  isKnown = true,
}: {
  trail?: readonly TimelineEntry[]
  records?: readonly OwnEntry[]
  limit?: number
  isKnown?: boolean
} = {}) {
  const asked: (RecordsOf | TimelineRequest['subject'])[] = []
  const log = aLog()
  function take<Item>(
    items: readonly Item[],
    toMoment: (item: Item) => string,
    window: TimelineWindow,
  ) {
    const found = items
      .filter((item) => isIn(toMoment(item), window))
      .toSorted((one, other) =>
        (
          window.order === 'oldest'
            ? toMoment(one) < toMoment(other)
            : toMoment(one) > toMoment(other)
        )
          ? -1
          : 1,
      )
    const last = found[limit - 1]
    const end = last === undefined ? {} : { end: toMoment(last) }
    return { items: found.slice(0, limit), ...end }
  }
  const readTimeline = createReadTimeline({
    auditTrail: {
      async timeline({ subject, window }): Promise<TimelineResult> {
        asked.push(subject)
        const { items, ...end } = take(trail, ({ at }) => `${at.slice(0, 23)}000Z`, window)
        return { entries: items, ...end, ...('sessionId' in subject ? { userId: USER_ID } : {}) }
      },
      detections: async () => ({ detections: [] }),
    },
    ownRecords: {
      async read(of, window) {
        asked.push(of)
        const { items, ...end } = take(records, (item) => item.moment, window)
        return { entries: [...items], ...end }
      },
    },
    users: { findByIds: async () => (isKnown ? [aUser()] : []) },
    log,
  })
  return { readTimeline, asked, log }
}
const request = { of: { userId: USER_ID }, actor: 'key:soc' } as const

async function readAll(
  { readTimeline }: ReturnType<typeof open>,
  order: 'oldest' | 'newest' = 'oldest',
): Promise<string[]> {
  const seen: string[] = []
  for (let cursor: string | undefined, pages = 0; pages < 50; pages += 1) {
    // A cursor continues in its own order.
    const page = await readTimeline({ ...request, ...(cursor === undefined && { order }), cursor })
    if (page.outcome !== 'read') throw new Error(page.outcome)
    seen.push(...page.entries.map(({ type, at }) => `${type} ${at.slice(17, 19)}`))
    cursor = page.nextCursor
    if (cursor === undefined) break
  }
  return seen
}

test('sign-ins, the audit trail and acts are one story in the order of time', async () => {
  const opened = open({
    trail: [entry('issued', 2), entry('reused', 5), entry('revoked', 8)],
    records: [own('sign_in', 1), own('act', 7)],
  })
  const story = ['sign_in 01', 'issued 02', 'reused 05', 'act 07', 'revoked 08']
  expect(await readAll(opened)).toEqual(story)
  expect(await readAll(opened, 'newest')).toEqual(story.toReversed())
})

describe('pages of bounded sources lose and repeat nothing', () => {
  test.each([1, 2, 3, 5])('with %i entries of each source a page', async (limit) => {
    const trail = Array.from({ length: 20 }, (_, i) => entry('replayed', 2 * i))
    const records = Array.from({ length: 12 }, (_, i) => own('sign_in', 3 * i + 1))
    const all = [...trail, ...records.map((each) => each.entry)]
      .map(({ type, at }) => `${type} ${at.slice(17, 19)}`)
      .toSorted()
    for (const order of ['oldest', 'newest'] as const) {
      const seen = await readAll(open({ trail, records, limit }), order)
      expect(seen.toSorted()).toEqual(all)
      const times = seen.map((text) => text.slice(-2))
      expect(times).toEqual(order === 'oldest' ? times.toSorted() : times.toSorted().toReversed())
    }
  })
})

test('`since` leaves out what happened before, in both orders', async () => {
  const opened = open({ trail: [1, 2, 3].map((second) => entry('issued', second)) })
  for (const order of ['oldest', 'newest'] as const) {
    const page = await opened.readTimeline({ ...request, order, since: iso(2) })
    expect(page).toMatchObject({ outcome: 'read', entries: { length: 2 } })
  }
})

test('of a session also the acts on its user are read', async () => {
  const { readTimeline, asked } = open({ trail: [entry('issued', 1)] })
  await readTimeline({ ...request, of: { sessionId: SESSION_ID } })
  expect(asked).toEqual([{ sessionId: SESSION_ID }, { sessionId: SESSION_ID, userId: USER_ID }])
})

test('every read is logged with who reads', async () => {
  const { readTimeline, log } = open()
  await readTimeline(request)
  expect(JSON.parse(log.lines[0] ?? '')).toMatchObject({
    event: 'timeline_read',
    actor: 'key:soc',
    userId: USER_ID,
  })
})

test('a user without a story is known, an unknown user or session is not found', async () => {
  expect(await open().readTimeline(request)).toMatchObject({ outcome: 'read', entries: [] })
  expect(await open({ isKnown: false }).readTimeline(request)).toEqual({ outcome: 'not_found' })
  expect(await open().readTimeline({ ...request, of: { sessionId: SESSION_ID } })).toEqual({
    outcome: 'not_found',
  })
})

test.each([
  ['cursor', ''],
  ['cursor', 'x'],
  ...[
    'oldest 2026-13-01T00:00:00.000000Z',
    'oldest 2026-02-30T00:00:00.000000Z',
    'oldest 0000-01-01T00:00:00.000000Z',
    `oldest ${moment(1)} more`,
    moment(1),
    `latest ${moment(1)}`,
  ].map((text): [string, string] => ['cursor', Buffer.from(text).toString('base64url')]),
  ['since', '2026-06-30T23:59:60Z'],
  ['since', '0000-01-01T00:00:00Z'],
])('a wrong %s is rejected: %s', async (name, value) => {
  await expect(open().readTimeline({ ...request, [name]: value })).rejects.toMatchObject({
    code: 'invalid_request',
  })
})

test('a cursor of the other order is rejected', async () => {
  const cursor = Buffer.from(`newest ${moment(1)}`).toString('base64url')
  const asked = open().readTimeline({ ...request, order: 'oldest', cursor })
  await expect(asked).rejects.toMatchObject({ code: 'invalid_request' })
  expect(await open().readTimeline({ ...request, cursor })).toMatchObject({ outcome: 'read' })
})

test('without the audit trail there is no timeline, not a part of one', async () => {
  const readTimeline = createReadTimeline({
    auditTrail: {
      timeline: () => Promise.reject(new CodedError('unavailable')),
      detections: () => Promise.reject(new CodedError('unavailable')),
    },
    ownRecords: { read: async () => ({ entries: [own('sign_in', 1)] }) },
    users: { findByIds: async () => [] },
    log: aLog(),
  })
  await expect(readTimeline(request)).rejects.toMatchObject({ code: 'unavailable' })
})
