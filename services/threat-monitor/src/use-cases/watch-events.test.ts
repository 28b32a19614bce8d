import { EVENTS, PATTERNS, type AnyEvent, type Pattern } from '@auto-refresh/contracts'
import { Value } from 'typebox/value'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { toDetectionId } from '../adapters/crypto/to-detection-id.ts'
import { createMemoryWindows } from '../adapters/memory/create-memory-windows.ts'
import type { DetectionEvent } from '../domain/to-detection-event.ts'
import type { PublishDetections } from '../ports.ts'
import {
  ELSEWHERE,
  failed,
  HOME,
  issued,
  refused,
  replayed,
  reused,
  rotated,
  SESSION,
  shadowed,
  signedIn,
  START_MS,
  USER,
} from '../testing/events.ts'
import { THRESHOLDS, toThresholds } from '../testing/thresholds.ts'
import { createWatchEvents } from './watch-events.ts'

const clock = { now: START_MS, nowMs: () => clock.now }
beforeEach(() => {
  clock.now = START_MS
})

function setUp(thresholds = THRESHOLDS) {
  const published: DetectionEvent[] = []
  const outside: string[] = []
  const results: string[] = []
  const publish = vi.fn<PublishDetections>(async (detections) => void published.push(...detections))
  const watch = createWatchEvents({
    thresholds,
    windows: createMemoryWindows({ clock }),
    publish,
    notifyOutside: ({ id }) => void outside.push(id),
    toDetectionId,
    clock,
    metrics: {
      patternDetected: () => {},
      eventProcessed: ({ type }, result) => void results.push(`${type} ${result}`),
    },
  })
  const patterns = () => published.map(({ data }) => data.pattern)
  return { watch, published, outside, results, publish, patterns }
}

const id = (i: number) => `0199e000-0000-7000-8000-${String(i).padStart(12, '0')}`
const side = { at: new Date(START_MS).toISOString(), generation: 1 }
const TWO_SIDES = {
  session_id: SESSION,
  user_id: USER,
  ...ELSEWHERE,
  rotated: { ...HOME, ...side },
  presented: { ...ELSEWHERE, ...side },
}
/**
 * Events that each count once towards the pattern, and the subject and fields of the
 * detection.
 */
const CASES: Record<
  Pattern,
  { events: (count: number) => AnyEvent[]; points: number; subject: string; about: object }
> = {
  reuse: {
    events: (count) => (count === 0 ? [] : [reused()]),
    points: 1,
    subject: SESSION,
    about: TWO_SIDES,
  },
  replay_elsewhere: {
    events: (count) => counted(count, (i) => replayed(i)),
    points: 1,
    subject: SESSION,
    about: TWO_SIDES,
  },
  shadow: {
    events: (count) => counted(count, (i) => shadowed(i)),
    points: 1,
    subject: SESSION,
    about: TWO_SIDES,
  },
  refresh_velocity: {
    events: (count) => counted(count, (i) => rotated(i)),
    points: 3,
    subject: SESSION,
    about: { session_id: SESSION, user_id: USER, ...HOME },
  },
  spraying: {
    events: (count) => counted(count, (i) => failed(`name ${i}`, ELSEWHERE.network)),
    points: 3,
    subject: ELSEWHERE.network,
    about: ELSEWHERE,
  },
  stuffing: {
    events: (count) => counted(count, (i) => failed('ayu', `10.0.${i}.0/24`)),
    points: 3,
    subject: 'ayu',
    about: { username_hash: 'ayu', network: '10.0.2.0/24', agent: 'curl' },
  },
  refusals: {
    events: (count) => counted(count, (i) => refused(i === 1 ? undefined : id(i))),
    points: 3,
    subject: ELSEWHERE.network,
    about: ELSEWHERE,
  },
  session_burst: {
    events: (count) => counted(count, (i) => issued(id(i))),
    points: 3,
    subject: USER,
    about: { user_id: USER, session_id: id(2), ...HOME },
  },
  sign_in_after_reuse: {
    events: (count) => [reused(), ...counted(count, (i) => signedIn(id(i)))],
    points: 1,
    subject: USER,
    about: { user_id: USER, username_hash: 'ayu', session_id: id(0), ...ELSEWHERE },
  },
}
const counted = (count: number, make: (i: number) => AnyEvent) =>
  Array.from({ length: count }, (_, i) => make(i))
const only = (pattern: Pattern) =>
  toThresholds((each) => (each === pattern ? THRESHOLDS[pattern] : 'off'))

describe.each(PATTERNS)('%s', (pattern) => {
  const { events, points, subject, about } = CASES[pattern]

  test('is published once, at its threshold, with its evidence', async () => {
    const { watch, published, outside } = setUp(only(pattern))
    const all = events(points + 5)
    const reaching = events(points).length - 1
    await watch(all.slice(0, reaching))
    expect(published).toEqual([])
    for (const event of all.slice(reaching)) await watch([event])
    expect(published).toHaveLength(1)
    expect(published[0]).toMatchObject({
      type: 'security.pattern-detected.v1',
      subject,
      key: subject,
    })
    expect(published[0]?.data).toEqual({
      pattern,
      ...about,
      count: points,
      threshold: points,
      window_seconds: 60,
      first_at: new Date(START_MS).toISOString(),
      last_at: new Date(START_MS).toISOString(),
      last_event_id: all[reaching]?.id,
    })
    expect([...Value.Errors(EVENTS['security.pattern-detected.v1'], published[0]?.data)]).toEqual(
      [],
    )
    expect(outside).toEqual([published[0]?.id])
  })

  test('counts a redelivered event once, in the same batch or later', async () => {
    const { watch, published, results } = setUp(only(pattern))
    const below = events(points - 1)
    await watch([...below, ...below, ...below])
    await watch(below)
    expect(published).toEqual([])
    const enough = [...below, ...events(points).slice(below.length)]
    await watch([...enough, ...enough])
    await watch(enough)
    expect(published).toHaveLength(1)
    expect(results.at(-1)).toMatch(/ duplicate$/)
  })

  test('can be turned off', async () => {
    const { watch, patterns } = setUp(
      toThresholds((each) => (each === pattern ? 'off' : THRESHOLDS[each])),
    )
    await watch(events(points + 5))
    expect(patterns()).not.toContain(pattern)
  })
})

test('a continuing attack is published again after a window', async () => {
  const { watch, published } = setUp()
  for (let second = 0; second < 150; second += 1) {
    clock.now = START_MS + second * 1000
    await watch([rotated(second, { atMs: clock.now })])
  }
  expect(published.map(({ time }) => (Date.parse(time) - START_MS) / 1000)).toEqual([2, 62, 122])
})

test('events spread over more than the window are no pattern', async () => {
  const { watch, published } = setUp()
  for (let i = 0; i < 20; i += 1) {
    clock.now = START_MS + i * 31_000
    await watch([rotated(i, { atMs: clock.now })])
  }
  expect(published).toEqual([])
})

test('a replay from another network is no pattern, one by another user agent is', async () => {
  const { watch, patterns } = setUp()
  await watch([replayed(1, { ...ELSEWHERE, agent: HOME.agent })])
  expect(patterns()).toEqual([])
  await watch([replayed(2, { ...HOME, agent: 'other' })])
  expect(patterns()).toEqual(['replay_elsewhere'])
})

test.each([
  ['the network', { ...ELSEWHERE, agent: HOME.agent }],
  ['the user agent', { ...HOME, agent: 'other' }],
])('a shadow is published and posted when only %s differs', async (_, presented) => {
  const { watch, published, outside, patterns } = setUp()
  await watch([shadowed(1, presented)])
  expect(patterns()).toContain('shadow')
  expect(published[0]?.data).toMatchObject({ pattern: 'shadow', session_id: SESSION, ...presented })
  expect(outside).toContain(published[0]?.id)
})

test('only a sign-in after the reuse counts, in any order of the two topics', async () => {
  const { watch, patterns } = setUp(only('sign_in_after_reuse'))
  clock.now = START_MS + 20_000
  await watch([signedIn(id(1), { atMs: START_MS }), reused({ atMs: START_MS + 5000 })])
  expect(patterns()).toEqual([])
  const other = setUp(only('sign_in_after_reuse'))
  await other.watch([signedIn(id(1), { atMs: START_MS + 10_000 })])
  await other.watch([reused({ atMs: START_MS + 5000 })])
  expect(other.patterns()).toEqual(['sign_in_after_reuse'])
})

test('a sign-in after a reuse is published with the newest sign-in, in any order of handling', async () => {
  const { watch, published } = setUp(only('sign_in_after_reuse'))
  clock.now = START_MS + 20_000
  const signIns = [
    signedIn(id(1), { atMs: START_MS + 9000 }),
    signedIn(id(2), {
      atMs: START_MS + 10_000,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }),
  ]
  await watch(signIns)
  const reuse = reused({ atMs: START_MS + 5000 })
  await watch([
    {
      ...reuse,
      data: { ...reuse.data, presented: { ...HOME, at: reuse.time, generation: 1 } },
    } as AnyEvent,
  ])
  expect(published.map(({ data }) => data)).toMatchObject([
    {
      ...ELSEWHERE,
      username_hash: 'ayu',
      session_id: id(2),
      count: 2,
      last_event_id: signIns[1]?.id,
      last_at: signIns[1]?.time,
      trace_id: '0af7651916cd43dd8448eb211c80319c',
    },
  ])
})

test('clients with an unknown network are not one attacker', async () => {
  const { watch, published } = setUp()
  await watch(counted(50, (i) => failed(`name ${i}`, 'unknown')))
  expect(published).toEqual([])
})

test('a topic that is read again raises no alarm; events of the last hour are published with their own times', async () => {
  const { watch, published } = setUp(only('refresh_velocity'))
  clock.now = START_MS + 3_600_001
  await watch(counted(50, (i) => rotated(i)))
  expect(published).toEqual([])
  clock.now = START_MS + 3_500_000
  await watch(counted(50, (i) => rotated(i, { atMs: START_MS + i * 10_000 })))
  expect(published.map(({ data }) => data.last_at)).toEqual([
    new Date(START_MS + 20_000).toISOString(),
  ])
})

test('a clock that is ahead removes nothing from the window', async () => {
  const { watch, published } = setUp(only('refresh_velocity'))
  await watch([rotated(1), rotated(2, { atMs: START_MS + 9_000_000 }), rotated(3)])
  expect(published).toHaveLength(1)
  expect(published[0]?.data.last_at).toBe(new Date(START_MS).toISOString())
})

test('a detection that the bus rejected is alarmed once at once, and published once when its event is redelivered, with the same id', async () => {
  const { watch, published, outside, publish, results } = setUp()
  publish
    .mockRejectedValueOnce(new Error('unavailable'))
    .mockRejectedValueOnce(new Error('unavailable'))
  const event = reused()
  await expect(watch([event])).rejects.toThrow('unavailable')
  expect([published, outside.length, results]).toEqual([
    [],
    1,
    ['session.reuse-detected.v1 failed'],
  ])
  await expect(watch([event])).rejects.toThrow('unavailable')
  await watch([event])
  await watch([event])
  expect([published.length, outside]).toEqual([1, [published[0]?.id]])
  expect(publish.mock.calls.map(([[detection]]) => detection?.id)).toEqual([
    published[0]?.id,
    published[0]?.id,
    published[0]?.id,
  ])
})

test.each([30, 61, 3599])(
  'a bus that rejects for %i s loses no detection: it is published with its evidence, and its window begins then',
  async (seconds) => {
    const { watch, published, publish } = setUp(only('refresh_velocity'))
    publish.mockRejectedValue(new Error('unavailable'))
    const events = [0, 1, 2].map((i) => rotated(i))
    await expect(watch(events)).rejects.toThrow('unavailable')
    clock.now += seconds * 1000
    publish.mockImplementation(async (detections) => void published.push(...detections))
    // another event has moved the window on
    await watch([rotated(3, { atMs: clock.now })])
    await watch(events)
    expect(published.map(({ data }) => [data.count, data.last_at, data.last_event_id])).toEqual([
      [3, new Date(START_MS).toISOString(), events[2]?.id],
    ])
    clock.now += 59_000
    await watch([4, 5, 6].map((i) => rotated(i, { atMs: clock.now })))
    expect(published).toHaveLength(1)
    clock.now += 1000
    await watch([rotated(7, { atMs: clock.now })])
    expect(published).toHaveLength(2)
  },
)

test('a detection has the trace of its last event', async () => {
  const { watch, published } = setUp()
  await watch([reused({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })])
  expect(published[0]?.data.trace_id).toBe('0af7651916cd43dd8448eb211c80319c')
})

test('one event can be two patterns', async () => {
  const { watch, patterns } = setUp(toThresholds(() => ({ points: 1, seconds: 60 })))
  await watch([failed('ayu', HOME.network)])
  expect(patterns()).toEqual(['spraying', 'stuffing'])
})
