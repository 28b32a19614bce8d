import type { ClientContext } from '@auto-refresh/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideIssue } from './decide-issue.ts'
import { decideRotation, type RotationPolicy } from './decide-rotation.ts'
import type { Session, SessionEvent } from './session.ts'
import { toUptimeClock } from './uptime.ts'

const W = 60_000
const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)
const RUNS = { numRuns: Number(process.env['TEST_RUNS'] ?? 2000) }
const MODES = ['warn', 'strict'] as const
const policy: RotationPolicy = {
  graceMs: W,
  refreshTtlMs: 7 * DAY,
  rotationLimit: null,
  replayLimit: null,
  replayContext: 'warn',
  currentMacKid: 1,
}
const home = { network: '192.0.2.0/24', agent: 'Firefox' }
const cell = { network: '198.51.100.0/24', agent: 'Firefox' }
const ipv6 = { network: '2001:db8:1::/48', agent: 'Firefox' }

/** One session and its events. */
function openSession(replayContext: RotationPolicy['replayContext']) {
  let session: Session = decideIssue(
    { userId: 'u', userVersion: 0, clientId: 'c', context: home, accessTtlSeconds: 1800 },
    { sessionId: '0198f0a0-0000-7000-8000-000000000001', nonceHash: 'n' },
    START,
    { ...policy, sessionMaxMs: 30 * DAY },
  ).session
  let nowMs = START
  const events: SessionEvent[] = []
  return {
    events,
    alarms: () =>
      events.filter(
        ({ type }) =>
          type === 'session.shadow-suspected.v1' || type === 'session.reuse-detected.v1',
      ),
    generation: () => session.generation,
    isOver: () => session.revokeReason !== null,
    wait(ms: number) {
      nowMs += ms
    },
    present(generation: number, context: ClientContext, attemptHash: string | null = null) {
      const decision = decideRotation(
        session,
        {
          sessionId: session.id,
          generation,
          nonceHash: 'n',
          attemptHash,
          expectedSessionId: undefined,
          context,
          accessTtlMs: 1,
        },
        toUptimeClock({ nowMs, beatAtMs: nowMs, downtimes: [] }),
        { ...policy, replayContext },
      )
      if (!('change' in decision)) return decision.outcome
      expect(decision.change.session.seq).toBe(session.seq + decision.change.events.length)
      session = decision.change.session
      events.push(...decision.change.events)
      return decision.outcome
    },
  }
}

const thiefNetwork = fc.constantFrom(
  '203.0.113.0/24',
  '203.0.114.0/24',
  '2001:db8:66::/48',
  home.network,
)
const thiefAgent = fc.constantFrom('curl', 'python', home.agent)
/**
 * Places of the thief; never the owner's network with the owner's agent, which is
 * indistinguishable.
 */
const thiefPlace = fc
  .record({ network: thiefNetwork, agent: thiefAgent })
  .filter(({ network, agent }) => network !== home.network || agent !== home.agent)
const round = fc.record({
  owner: fc.constantFrom(home, home, home, cell),
  restMs: fc.integer({ min: 1, max: 1_500_000 }),
  /** a concurrent tab of the owner, and a retry of a lost response on another network */
  honestReplay: fc.constantFrom('none', 'none', 'tab', 'other network'),
  /** none: the thief skips this generation if it is short enough */
  takes: fc.array(
    fc.record({ afterMs: fc.constantFrom(0, 1, 500, 1999, 2001, 15_000), place: thiefPlace }),
    { maxLength: 3 },
  ),
})

describe.each(MODES)('a thief who follows the owner, in %s', (mode) => {
  test('is detected by the third generation at any speed, from any place and with any pauses', () => {
    fc.assert(
      fc.property(fc.array(round, { minLength: 3, maxLength: 14 }), (rounds) => {
        const session = openSession(mode)
        let held = 0
        let followed = 0
        let withOtherAgent = false
        for (const { owner, restMs, honestReplay, takes } of rounds) {
          const skips = takes.length === 0 && followed > 0
          // after the grace window the token of the thief is a reuse
          session.wait(skips ? 1 : restMs)
          const before = session.generation()
          expect(session.present(before, owner)).toBe('rotated')
          if (honestReplay === 'tab') session.present(before, owner)
          if (honestReplay === 'other network' && owner === home)
            session.present(before, cell, null)
          if (session.isOver()) break
          const [first] = takes
          if (first === undefined) continue
          if (followed === 0) held = before
          followed += 1
          for (const { afterMs, place } of takes) {
            withOtherAgent ||= place.agent !== home.agent
            session.wait(afterMs)
            const outcome = session.present(held, place)
            if (outcome === 'reused') break
            expect(outcome).toBe('replayed')
          }
          if (session.isOver()) break
          held = session.generation()
          if (mode === 'strict') expect(withOtherAgent).toBe(false)
          if (followed >= 3) expect(session.alarms().length).toBeGreaterThan(0)
        }
        if (mode === 'strict' && (withOtherAgent || followed >= 3))
          expect(session.isOver()).toBe(true)
      }),
      RUNS,
    )
  })

  test('is in the audit trail with the network of the first replay, however quick', () => {
    fc.assert(
      fc.property(thiefPlace, fc.constantFrom(0, 1, 1999, 2001), (place, afterMs) => {
        const session = openSession(mode)
        session.present(0, home)
        session.wait(afterMs)
        session.present(0, place)
        expect(session.events.at(-1)?.data).toMatchObject({ presented: place })
      }),
      RUNS,
    )
  })
})

describe.each(MODES)('concurrent honest clients never raise an alarm, in %s', (mode) => {
  test('two tabs, on one network', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }), (generations) => {
        const session = openSession(mode)
        for (const replays of generations) {
          session.wait(1_500_000)
          const { present, generation } = session
          const current = generation()
          for (let i = 0; i <= replays; i += 1) present(current, home)
        }
        expect(session.events.filter(({ type }) => type !== 'session.rotated.v1')).toEqual([])
      }),
      RUNS,
    )
  })

  test.each([
    ['IPv4 and IPv6', home, ipv6],
    ['a browser, and a server that forwards its agent', home, cell],
  ])('%s: the network changes with each request, and both rotate now and then', (_, one, other) => {
    const flips = fc.array(fc.constantFrom(one, other), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(fc.array(flips, { minLength: 1, maxLength: 40 }), (generations) => {
        const session = openSession(mode)
        let unseen = 0
        generations.forEach((places, i) => {
          session.wait(1_500_000)
          const current = session.generation()
          // by the third generation the second network has rotated too
          const [first = one] = places
          unseen = first === other ? 0 : unseen + 1
          const rotator = unseen === 3 && i < 5 ? other : first
          if (rotator === other) unseen = 0
          if (unseen > 12) unseen = 0
          session.present(current, unseen === 12 ? other : rotator)
          for (const place of places) {
            session.wait(100)
            expect(session.present(current, place)).toBe('replayed')
          }
        })
        expect(session.alarms()).toEqual([])
      }),
      RUNS,
    )
  })

  test('a phone that changes its network between a request and its retry', () => {
    const change = fc.record({
      from: fc.nat(9),
      to: fc.nat(9),
      key: fc.boolean(),
      waitMs: fc.nat(W),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (changes) => {
        const session = openSession(mode)
        let standsIn = 0
        changes.forEach(({ to, key, waitMs }, i) => {
          session.wait(1_500_000)
          const place = (n: number) => ({ network: `10.0.${n}.0/24`, agent: 'app' })
          const own = key ? `attempt ${i}` : null
          const current = session.generation()
          // the response is lost, and the client retries from the new network
          session.present(current, place(standsIn), own)
          session.wait(waitMs)
          expect(session.present(current, place(to), own)).toBe('replayed')
          standsIn = to
        })
        expect(session.alarms()).toEqual([])
      }),
      RUNS,
    )
  })
})

test('a rotation by the thief excuses replays from that network for a limited time', () => {
  const session = openSession('warn')
  const thief = { network: '203.0.113.0/24', agent: home.agent }
  expect(session.present(0, thief)).toBe('rotated')
  expect(session.present(0, home)).toBe('replayed')
  for (let n = 1; n <= 19; n += 1) {
    session.wait(1_500_000)
    const current = session.generation()
    session.present(current, home)
    expect(session.present(current, thief)).toBe('replayed')
  }
  expect(session.alarms()).toHaveLength(1)
})
