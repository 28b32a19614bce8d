import { expect, test } from 'vitest'
import type { AuditHistory, RotationRun, StoredEvent } from '../ports.ts'
import { createAuditTrailReader } from './audit-trail-reader.ts'

const [SESSION, OTHER, USER] = [1, 2, 3].map((n) => `0199e000-0000-7000-8000-00000000000${n}`)
if (SESSION === undefined || OTHER === undefined || USER === undefined) throw new Error('ids')
const at = (second: number) => `2026-11-23T12:00:${String(second).padStart(2, '0')}.000000Z`
const iso = (second: number) => `2026-11-23T12:00:${String(second).padStart(2, '0')}.000Z`
const home = { network: '192.0.2.0/24', agent: 'Firefox' }

const run = (from: number, to: number, change: Partial<RotationRun> = {}): RotationRun => ({
  sessionId: SESSION,
  userId: USER,
  ...home,
  count: to - from + 1,
  firstAt: at(from),
  lastAt: at(to),
  firstSeq: from,
  lastSeq: to,
  firstGeneration: from,
  lastGeneration: to,
  ...change,
})
const inSession = (session_seq: number) => ({
  session_id: SESSION,
  session_seq,
  user_id: USER,
  client_id: 'c',
  generation: session_seq,
})
const side = (network: string) => ({ network, agent: 'a', at: iso(0), generation: 1 })
const stored = (second: number, event: StoredEvent['event']): StoredEvent => ({
  eventId: `0199e000-0000-7000-8000-0000000001${String(second).padStart(2, '0')}`,
  at: at(second),
  event,
})
const rotated = (seq: number) =>
  stored(seq, {
    type: 'session.rotated.v1',
    data: { ...inSession(seq), ...home, idle_until: iso(0), interval_seconds: 1 },
  })
const reused = (second: number) =>
  stored(second, {
    type: 'session.reuse-detected.v1',
    data: {
      ...inSession(second),
      rotated: side('192.0.2.0/24'),
      presented: side('198.51.100.0/24'),
      age_seconds: 1,
      session_seconds: 1,
    },
  })

function open(
  events: readonly StoredEvent[],
  rotations: readonly RotationRun[],
  ends: { events?: string; rotations?: string } = {},
) {
  const windows: object[] = []
  const history: AuditHistory = {
    events: async () => ({ items: events, end: ends.events }),
    async rotations({ window }) {
      windows.push(window)
      return { items: rotations, end: ends.rotations }
    },
    userOf: async () => USER,
    detections: async (_, limit) => events.slice(0, limit),
  }
  return { ...createAuditTrailReader({ history }), windows }
}
const ofSession = { subject: { sessionId: SESSION }, window: { order: 'oldest' } } as const

test('events and groups of refreshes are in the order of time, a reuse with both sides', async () => {
  const { timeline } = open([reused(9)], [run(5, 8, { network: '198.51.100.0/24' }), run(1, 4)])
  const { entries, userId, end } = await timeline(ofSession)
  expect(entries).toMatchObject([
    { type: 'refreshed', at: iso(1), last_at: iso(4), count: 4, generation: 1, last_generation: 4 },
    { type: 'refreshed', at: iso(5), last_at: iso(8), count: 4, network: '198.51.100.0/24' },
    {
      type: 'reused',
      at: iso(9),
      rotated: { network: '192.0.2.0/24' },
      presented: { network: '198.51.100.0/24' },
    },
  ])
  expect([userId, end]).toEqual([USER, undefined])
})

test('the end of a session by an administrator names the administrator', async () => {
  const data = { ...inSession(9), reason: 'admin', session_seconds: 9, actor: 'key:ops' } as const
  const { timeline } = open([stored(9, { type: 'session.revoked.v1', data })], [])
  const { entries } = await timeline(ofSession)
  expect(entries).toMatchObject([{ type: 'revoked', reason: 'admin', actor: 'key:ops' }])
})

test('the newest first puts a group where it ends', async () => {
  const { timeline } = open([], [run(1, 9), run(2, 4, { sessionId: OTHER })])
  const { entries } = await timeline({ ...ofSession, window: { order: 'newest' } })
  expect(entries.map(({ last_at }) => last_at)).toEqual([iso(9), iso(4)])
})

test('a rotation that is stored with its whole data belongs to the group around it', async () => {
  const { timeline } = open([rotated(4)], [run(1, 3), run(5, 6), run(4, 4, { sessionId: OTHER })])
  const { entries } = await timeline(ofSession)
  expect(entries.map(({ session_id, count }) => [session_id, count])).toEqual([
    [SESSION, 6],
    [OTHER, 1],
  ])
})

test('groups of refreshes end where the events end', async () => {
  const { timeline, windows } = open([reused(9)], [run(1, 4)], { events: at(9) })
  expect((await timeline(ofSession)).end).toBe(at(9))
  expect(windows).toEqual([{ order: 'oldest', to: at(9) }])
})

test('events after the last group of a bounded read are left to the next page', async () => {
  const { timeline } = open([reused(3), reused(4), reused(5)], [run(1, 4)], { rotations: at(4) })
  const { entries, end } = await timeline(ofSession)
  expect([entries.map(({ at: time }) => time), end]).toEqual([[iso(1), iso(3), iso(4)], at(4)])
})

test('detections are paged by time and id', async () => {
  const events = Array.from({ length: 120 }, (_, i) => ({ ...reused(i % 60), eventId: `e${i}` }))
  const { detections, next } = await open(events, []).detections({})
  expect([detections.length, next]).toEqual([100, { at: at(39), id: 'e99' }])
  expect((await open(events.slice(0, 100), []).detections({})).next).toBeUndefined()
  expect(detections[0]).toMatchObject({
    type: 'reuse',
    severity: 'high',
    user_id: USER,
    session_id: SESSION,
    rotated: { network: '192.0.2.0/24' },
    presented: { network: '198.51.100.0/24' },
    last_event_id: 'e0',
  })
})
