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
  const told: DetectionEvent[] = []
  const outside: string[] = []
  const results: string[] = []
  const publish = vi.fn<PublishDetections>(async (detections) => void told.push(...detections))
  const watch = createWatchEvents({
    thresholds,
    windows: createMemoryWindows({ clock }),
    publish,
    notifyOutside: ({ id }) => void outside.push(id),
    toDetectionId,
    clock,
    onDetection: () => {},
    onEvent: ({ type }, result) => void results.push(`${type} ${result}`),
  })
  const patterns = () => told.map(({ data }) => data.pattern)
  return { watch, told, outside, results, publish, patterns }
}

const id = (i: number) => `0199e000-0000-7000-8000-${String(i).padStart(12, '0')}`
/**
 * Events of which each counts once towards the pattern, and the detection's subject with what it
 * names.
 */
const CASES: Record<
  Pattern,
  { events: (count: number) => AnyEvent[]; points: number; subject: string; about: object }
> = {
  reuse: {
    events: (count) => (count === 0 ? [] : [reused()]),
    points: 1,
    subject: SESSION,
    about: { session_id: SESSION, user_id: USER, ...ELSEWHERE },
  },
  replay_elsewhere: {
    events: (count) => counted(count, (i) => replayed(i)),
    points: 1,
    subject: SESSION,
    about: { session_id: SESSION, user_id: USER, ...ELSEWHERE },
  },
  shadow: {
    events: (count) => counted(count, (i) => shadowed(i)),
    points: 1,
    subject: SESSION,
    about: { session_id: SESSION, user_id: USER, ...ELSEWHERE },
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

  test('is told at its threshold with its evidence, not below, and once', async () => {
    const { watch, told, outside } = setUp(only(pattern))
    const all = events(points + 5)
    const reaching = events(points).length - 1
    await watch(all.slice(0, reaching))
    expect(told).toEqual([])
    for (const event of all.slice(reaching)) await watch([event])
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ type: 'security.pattern-detected.v1', subject, key: subject })
    expect(told[0]?.data).toEqual({
      pattern,
      ...about,
      count: points,
      threshold: points,
      window_seconds: 60,
      first_at: new Date(START_MS).toISOString(),
      last_at: new Date(START_MS).toISOString(),
      last_event_id: all[reaching]?.id,
    })
    expect([...Value.Errors(EVENTS['security.pattern-detected.v1'], told[0]?.data)]).toEqual([])
    expect(outside).toEqual([told[0]?.id])
  })

  test('counts what is delivered again once, in the same batch or later', async () => {
    const { watch, told, results } = setUp(only(pattern))
    const below = events(points - 1)
    await watch([...below, ...below, ...below])
    await watch(below)
    expect(told).toEqual([])
    const enough = [...below, ...events(points).slice(below.length)]
    await watch([...enough, ...enough])
    await watch(enough)
    expect(told).toHaveLength(1)
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

test('an attack that goes on is told again after a window', async () => {
  const { watch, told } = setUp()
  for (let second = 0; second < 150; second += 1) {
    clock.now = START_MS + second * 1000
    await watch([rotated(second, { atMs: clock.now })])
  }
  expect(told.map(({ time }) => (Date.parse(time) - START_MS) / 1000)).toEqual([2, 62, 122])
})

test('what is spread over more than the window is not the pattern', async () => {
  const { watch, told } = setUp()
  for (let i = 0; i < 20; i += 1) {
    clock.now = START_MS + i * 31_000
    await watch([rotated(i, { atMs: clock.now })])
  }
  expect(told).toEqual([])
})

test('a replay from another network alone is a phone, from another user agent another client', async () => {
  const { watch, patterns } = setUp()
  await watch([replayed(1, { ...ELSEWHERE, agent: HOME.agent })])
  expect(patterns()).toEqual([])
  await watch([replayed(2, { ...HOME, agent: 'other' })])
  expect(patterns()).toEqual(['replay_elsewhere'])
})

test.each([
  ['the network', { ...ELSEWHERE, agent: HOME.agent }],
  ['the user agent', { ...HOME, agent: 'other' }],
])('a shadow is told and posted when only %s differs', async (_, presented) => {
  const { watch, told, outside, patterns } = setUp()
  await watch([shadowed(1, presented)])
  expect(patterns()).toContain('shadow')
  expect(told[0]?.data).toMatchObject({ pattern: 'shadow', session_id: SESSION, ...presented })
  expect(outside).toContain(told[0]?.id)
})

test('a sign-in before the reuse is no sign-in after it, and the order of the two topics does not matter', async () => {
  const { watch, patterns } = setUp(only('sign_in_after_reuse'))
  clock.now = START_MS + 20_000
  await watch([signedIn(id(1), { atMs: START_MS }), reused({ atMs: START_MS + 5000 })])
  expect(patterns()).toEqual([])
  const other = setUp(only('sign_in_after_reuse'))
  await other.watch([signedIn(id(1), { atMs: START_MS + 10_000 })])
  await other.watch([reused({ atMs: START_MS + 5000 })])
  expect(other.patterns()).toEqual(['sign_in_after_reuse'])
})

test('a sign-in after a reuse is told as the newest sign-in, whichever of the two was handled last', async () => {
  const { watch, told } = setUp(only('sign_in_after_reuse'))
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
  expect(told.map(({ data }) => data)).toMatchObject([
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

test('those whose network is unknown are not one attacker', async () => {
  const { watch, told } = setUp()
  await watch(counted(50, (i) => failed(`name ${i}`, 'unknown')))
  expect(told).toEqual([])
})

test('a topic that is read again raises no alarm; what happened within the last hour is told with its own times', async () => {
  const { watch, told } = setUp(only('refresh_velocity'))
  clock.now = START_MS + 3_600_001
  await watch(counted(50, (i) => rotated(i)))
  expect(told).toEqual([])
  clock.now = START_MS + 3_500_000
  await watch(counted(50, (i) => rotated(i, { atMs: START_MS + i * 10_000 })))
  expect(told.map(({ data }) => data.last_at)).toEqual([new Date(START_MS + 20_000).toISOString()])
})

test('a clock that is ahead takes nothing out of its window', async () => {
  const { watch, told } = setUp(only('refresh_velocity'))
  await watch([rotated(1), rotated(2, { atMs: START_MS + 9_000_000 }), rotated(3)])
  expect(told).toHaveLength(1)
  expect(told[0]?.data.last_at).toBe(new Date(START_MS).toISOString())
})

test('a detection that the bus did not take is alarmed at once, and told when its event comes again, under the same id and once each', async () => {
  const { watch, told, outside, publish, results } = setUp()
  publish.mockRejectedValueOnce(new Error('away')).mockRejectedValueOnce(new Error('away'))
  const event = reused()
  await expect(watch([event])).rejects.toThrow('away')
  expect([told, outside.length, results]).toEqual([[], 1, ['session.reuse-detected.v1 failed']])
  await expect(watch([event])).rejects.toThrow('away')
  await watch([event])
  await watch([event])
  expect([told.length, outside]).toEqual([1, [told[0]?.id]])
  expect(publish.mock.calls.map(([[detection]]) => detection?.id)).toEqual([
    told[0]?.id,
    told[0]?.id,
    told[0]?.id,
  ])
})

test.each([30, 61, 3599])(
  'a bus that refuses for %i s loses no detection, tells it with its evidence, and its window counts from there',
  async (seconds) => {
    const { watch, told, publish } = setUp(only('refresh_velocity'))
    publish.mockRejectedValue(new Error('away'))
    const events = [0, 1, 2].map((i) => rotated(i))
    await expect(watch(events)).rejects.toThrow('away')
    clock.now += seconds * 1000
    publish.mockImplementation(async (detections) => void told.push(...detections))
    // by now another one has moved the window on
    await watch([rotated(3, { atMs: clock.now })])
    await watch(events)
    expect(told.map(({ data }) => [data.count, data.last_at, data.last_event_id])).toEqual([
      [3, new Date(START_MS).toISOString(), events[2]?.id],
    ])
    clock.now += 59_000
    await watch([4, 5, 6].map((i) => rotated(i, { atMs: clock.now })))
    expect(told).toHaveLength(1)
    clock.now += 1000
    await watch([rotated(7, { atMs: clock.now })])
    expect(told).toHaveLength(2)
  },
)

test('the trace of the last event goes with the detection', async () => {
  const { watch, told } = setUp()
  await watch([reused({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })])
  expect(told[0]?.data.trace_id).toBe('0af7651916cd43dd8448eb211c80319c')
})

test('one event can be two patterns', async () => {
  const { watch, patterns } = setUp(toThresholds(() => ({ points: 1, seconds: 60 })))
  await watch([failed('ayu', HOME.network)])
  expect(patterns()).toEqual(['spraying', 'stuffing'])
})
