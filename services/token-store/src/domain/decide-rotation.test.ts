import { describe, expect, test } from 'vitest'
import { decideIssue } from './decide-issue.ts'
import { decideRevocation } from './decide-revocation.ts'
import { decideRotation, type Presented, type RotationPolicy } from './decide-rotation.ts'
import type { Session } from './session.ts'
import { toUptimeClock, type Downtime } from './uptime.ts'

const W = 60_000
const START = Date.UTC(2026, 0, 1)
const DAY = 86_400_000
const id = `${START.toString(16)
  .padStart(12, '0')
  .replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`
const home = { network: '192.0.2.0/24', agent: 'browser' }
const elsewhere = { network: '198.51.100.0/24', agent: 'browser' }
const otherAgent = { network: '192.0.2.0/24', agent: 'curl' }
const policy: RotationPolicy = {
  graceMs: W,
  refreshTtlMs: 7 * DAY,
  rotationLimit: { points: 60, seconds: 60 },
  replayLimit: { points: 300, seconds: 60 },
  replayContext: 'warn',
  currentMacKid: 1,
}
const request = {
  userId: '00000000-0000-4000-8000-000000000002',
  userVersion: 0,
  clientId: 'default',
  context: home,
  accessTtlSeconds: 1800,
}
const fresh = decideIssue(request, { sessionId: id, nonceHash: 'n' }, START, {
  ...policy,
  sessionMaxMs: 30 * DAY,
}).session

const clockAt = (nowMs: number, downtimes: Downtime[] = []) =>
  toUptimeClock({ nowMs, beatAtMs: nowMs, downtimes })
const presented = (generation: number, more: Partial<Presented> = {}): Presented => ({
  sessionId: id,
  generation,
  nonceHash: 'n',
  attemptHash: null,
  expectedSessionId: undefined,
  context: home,
  accessTtlMs: 1_800_000,
  ...more,
})
const decide = (
  session: Session | undefined,
  generation: number,
  atMs: number,
  more: Partial<Presented> = {},
  with_: Partial<RotationPolicy> = {},
  downtimes: Downtime[] = [],
) =>
  decideRotation(session, presented(generation, more), clockAt(atMs, downtimes), {
    ...policy,
    ...with_,
  })

function rotated(session: Session, atMs: number, more: Partial<Presented> = {}): Session {
  const decision = decide(session, session.generation, atMs, more)
  if (decision.outcome !== 'rotated') throw new Error(decision.outcome)
  return decision.change.session
}
/** A session at generation 5, rotated every five minutes. */
const five = [1, 2, 3, 4, 5].reduce((session, n) => rotated(session, START + n * 300_000), fresh)
const AT5 = START + 1_500_000

describe('the current token', () => {
  test('rotates to the next generation, with one event', () => {
    const decision = decide(fresh, 0, START + 1000)
    expect(decision).toMatchObject({
      outcome: 'rotated',
      intervalSeconds: 1,
      change: {
        session: {
          generation: 1,
          rotatedAtMs: START + 1000,
          idleUntilMs: START + 1000 + 7 * DAY,
          seq: 1,
          macKid: 1,
        },
        events: [{ type: 'session.rotated.v1', data: { session_seq: 1, generation: 1 } }],
      },
    })
  })

  test('never extends the absolute end', () => {
    const late = { ...fresh, idleUntilMs: fresh.expiresAtMs }
    const decision = decide(late, 0, fresh.expiresAtMs - 1000)
    expect(decision).toMatchObject({
      outcome: 'rotated',
      change: {
        session: {
          idleUntilMs: fresh.expiresAtMs,
          accessExpiresAtMs: fresh.expiresAtMs,
          expiresAtMs: fresh.expiresAtMs,
        },
      },
    })
  })

  test('is rate limited without a change while its bucket is empty, and rotates when it has refilled', () => {
    const empty = { ...fresh, rotationPoints: 0 }
    expect(decide(empty, 0, START)).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 1 })
    expect(decide(empty, 0, START + 1000).outcome).toBe('rotated')
    expect(
      decide({ ...empty, rotationPoints: 0 }, 0, START, {}, { rotationLimit: null }).outcome,
    ).toBe('rotated')
  })
})

describe('a superseded token', () => {
  test.each([0, 1000, W])('receives the current token again %i ms after the rotation', (ageMs) => {
    const decision = decide(five, 4, AT5 + ageMs)
    expect(decision).toMatchObject({
      outcome: 'replayed',
      change: {
        session: {
          generation: 5,
          rotatedAtMs: five.rotatedAtMs,
          macKid: five.macKid,
          seq: five.seq,
        },
        events: [],
      },
    })
  })

  test('ends its session after the grace window, with one event that describes both clients', () => {
    const decision = decide(five, 4, AT5 + W + 1, { context: elsewhere })
    expect(decision).toMatchObject({
      outcome: 'reused',
      change: {
        session: { revokeReason: 'reuse', revokedAtMs: AT5 + W + 1, seq: five.seq + 1 },
        events: [
          {
            type: 'session.reuse-detected.v1',
            data: {
              generation: 5,
              rotated: { ...home, generation: 5 },
              presented: { ...elsewhere, generation: 4 },
            },
          },
        ],
      },
    })
    if (decision.outcome !== 'reused') throw new Error(decision.outcome)
    expect(decision.change.events).toHaveLength(1)
    expect(decide(decision.change.session, 4, AT5 + W + 2)).toEqual({
      outcome: 'revoked',
      reason: 'reuse',
    })
    expect(decide(decision.change.session, 5, AT5 + W + 2)).toEqual({
      outcome: 'revoked',
      reason: 'reuse',
    })
  })

  test.each([0, 1, 2, 3])(
    'of generation %i is a reuse even right after a rotation, because it was superseded long ago',
    (generation) => {
      expect(decide(five, generation, AT5 + 1000).outcome).toBe('reused')
    },
  )

  test('is replayed two generations later: six requests that got a 401 at once', () => {
    const quick = rotated(rotated(five, AT5 + 300_000), AT5 + 300_100)
    expect(decide(quick, 5, AT5 + 310_000)).toMatchObject({
      outcome: 'replayed',
      change: { session: { generation: 7 } },
    })
  })

  test('is never replayed with a grace window of 0', () => {
    expect(decide(five, 4, AT5, {}, { graceMs: 0 }).outcome).toBe('reused')
  })

  test('does not extend the grace window when it is replayed', () => {
    const once = decide(five, 4, AT5 + W)
    if (once.outcome !== 'replayed') throw new Error(once.outcome)
    expect(decide(once.change.session, 4, AT5 + W + 1).outcome).toBe('reused')
  })

  test('is rate limited, without an alarm, when the bucket of replays is empty', () => {
    const empty = { ...five, replayPoints: 0, bucketAtMs: AT5 }
    expect(decide(empty, 4, AT5).outcome).toBe('rate_limited')
    expect(decide(empty, 4, AT5 + W + 1).outcome).toBe('reused')
  })
})

describe('an Idempotency-Key', () => {
  const attempt = rotated(five, AT5 + 300_000, { attemptHash: 'k' })
  test('returns a lost response again until the idle deadline', () => {
    expect(decide(attempt, 5, AT5 + 6 * DAY, { attemptHash: 'k' })).toMatchObject({
      outcome: 'replayed',
      change: { session: { generation: 6 } },
    })
    expect(decide(attempt, 5, AT5 + 8 * DAY, { attemptHash: 'k' }).outcome).toBe('expired')
  })
  test('of another attempt or an older generation, or a missing one, does not prevent a reuse', () => {
    expect(decide(attempt, 5, AT5 + DAY, { attemptHash: 'other' }).outcome).toBe('reused')
    expect(decide(attempt, 5, AT5 + DAY).outcome).toBe('reused')
    expect(decide(attempt, 4, AT5 + DAY, { attemptHash: 'k' }).outcome).toBe('reused')
    expect(decide(rotated(five, AT5 + 300_000), 5, AT5 + DAY, { attemptHash: 'k' }).outcome).toBe(
      'reused',
    )
  })
  test.each(['warn', 'strict'] as const)(
    'raises no suspicion in %s when a phone changes its network and retries',
    (replayContext) => {
      const repeated = decide(
        attempt,
        5,
        AT5 + DAY,
        { attemptHash: 'k', context: elsewhere },
        { replayContext },
      )
      expect(repeated).toMatchObject({
        outcome: 'replayed',
        change: {
          session: { suspectStreak: 0 },
          events: [{ type: 'session.replay-suspected.v1', data: { streak: 0 } }],
        },
      })
    },
  )
  test('does not excuse another user agent', () => {
    const more = { attemptHash: 'k', context: otherAgent }
    expect(decide(attempt, 5, AT5 + DAY, more)).toMatchObject({
      outcome: 'replayed',
      change: { events: [{ data: { streak: 1 } }] },
    })
    expect(decide(attempt, 5, AT5 + DAY, more, { replayContext: 'strict' }).outcome).toBe('reused')
  })
})

describe('a restored database', () => {
  test.each([6, 7, 1005])('accepts a newer token of generation %i', (generation) => {
    expect(decide(five, generation, AT5 + 1000)).toMatchObject({
      outcome: 'regressed',
      change: {
        session: { generation: generation + 1 },
        events: [
          {
            type: 'session.regression-detected.v1',
            data: { stored_generation: 5, presented_generation: generation },
          },
        ],
      },
    })
  })
  test('rejects a token more than 1,000 generations ahead', () => {
    expect(decide(five, 1006, AT5 + 1000)).toEqual({ outcome: 'invalid' })
  })
})

describe('a refused request changes nothing', () => {
  test.each<[string, Session | undefined, Partial<Presented>, number, object]>([
    ['a wrong nonce', five, { nonceHash: 'x' }, AT5, { outcome: 'invalid' }],
    ['an idle session', five, {}, five.idleUntilMs, { outcome: 'expired' }],
    [
      'a session past its absolute end',
      { ...five, idleUntilMs: five.expiresAtMs },
      {},
      five.expiresAtMs,
      { outcome: 'expired' },
    ],
    [
      'a revoked session',
      decideRevocation(five, 'logout', AT5).session,
      {},
      AT5,
      { outcome: 'revoked', reason: 'logout' },
    ],
    [
      'a session other than that of the access token',
      five,
      { expectedSessionId: 'other' },
      AT5,
      { outcome: 'session_mismatch' },
    ],
    ['a lost session', undefined, {}, START + 1000, { outcome: 'unknown_session' }],
    ['a deleted session', undefined, {}, START + 8 * DAY, { outcome: 'expired' }],
  ])('%s', (_, session, more, atMs, outcome) => {
    expect(decide(session, 5, atMs, more)).toEqual(outcome)
  })
})

describe('downtime', () => {
  test('does not count towards the age of a token', () => {
    const down = [{ fromMs: AT5 + 1000, toMs: AT5 + 3_601_000 }]
    expect(decide(five, 4, AT5 + 3_600_000 + W, {}, {}, down).outcome).toBe('replayed')
    expect(decide(five, 4, AT5 + 3_600_000 + W + 1, {}, {}, down).outcome).toBe('reused')
  })
  test('is subtracted before it has ended', () => {
    const clock = toUptimeClock({ nowMs: AT5 + 3_600_000, beatAtMs: AT5 + 1000, downtimes: [] })
    expect(decideRotation(five, presented(4), clock, policy).outcome).toBe('replayed')
  })
  test('is subtracted up to 24 hours', () => {
    const day = [{ fromMs: AT5, toMs: AT5 + 25 * 3_600_000 }]
    expect(decide(five, 4, AT5 + 25 * 3_600_000 + 11 * 60_000, {}, {}, day).outcome).toBe('reused')
  })
  test.each([1.5, 2, 8])(
    'is subtracted entirely while it may be a clock jump of %d days: concurrent refreshes end no session',
    (days) => {
      const clock = toUptimeClock({ nowMs: AT5 + days * DAY + 1000, beatAtMs: AT5, downtimes: [] })
      expect(['replayed', 'expired']).toContain(
        decideRotation(five, presented(4), clock, policy).outcome,
      )
    },
  )
  test('a clock that was set back gives no negative age', () => {
    expect(decide(five, 4, AT5 - 3_600_000).outcome).toBe('replayed')
    expect(decide(five, 5, AT5 - 3_600_000)).toMatchObject({
      outcome: 'rotated',
      intervalSeconds: 0,
    })
  })
})

describe('a database whose clock was set back', () => {
  const HOUR = 3_600_000
  const ahead = rotated(five, AT5 + HOUR)
  const looked = decide(ahead, 5, AT5 + 1000)
  if (looked.outcome !== 'replayed') throw new Error(looked.outcome)

  test('detects reuse again after one grace window, although the last rotation is in the future', () => {
    expect(looked.change.session).toMatchObject({ rotatedAtMs: AT5 + 1000 })
    expect(decide(looked.change.session, 5, AT5 + 1000 + W).outcome).toBe('replayed')
    expect(decide(looked.change.session, 5, AT5 + 1001 + W).outcome).toBe('reused')
  })
  test('does not rate limit until the clock has caught up', () => {
    expect(decide({ ...ahead, rotationPoints: 0 }, 6, AT5 + 1000).outcome).toBe('rotated')
    expect(decide({ ...ahead, rotationPoints: 0 }, 6, AT5 + HOUR - 1).outcome).toBe('rate_limited')
  })
})

describe('after a restore', () => {
  const restored = fresh
  const thief = decide(restored, 4, AT5, { context: otherAgent })
  if (thief.outcome !== 'regressed') throw new Error(thief.outcome)
  const forwarded = thief.change.session

  test('an old stolen token was accepted, and the later token of its owner is a reuse', () => {
    expect(decide(forwarded, 9, AT5 + W + 1)).toMatchObject({
      outcome: 'reused',
      change: {
        session: { revokeReason: 'reuse' },
        events: [
          {
            type: 'session.reuse-detected.v1',
            data: { rotated: otherAgent, presented: { ...home, generation: 9 } },
          },
        ],
      },
    })
  })
  test('concurrent refreshes of lost generations keep their session within the grace window', () => {
    const concurrent = decide(forwarded, 6, AT5 + W)
    if (concurrent.outcome !== 'regressed') throw new Error(concurrent.outcome)
    expect(decide(concurrent.change.session, 5, AT5 + W).outcome).toBe('replayed')
    expect(decide(concurrent.change.session, 9, AT5 + W + 1).outcome).toBe('reused')
  })
  test('a session that continues is no reuse', () => {
    expect(decide(forwarded, 5, AT5 + DAY).outcome).toBe('rotated')
    expect(decide(rotated(forwarded, AT5 + DAY), 6, AT5 + 2 * DAY).outcome).toBe('rotated')
  })
  test('a second restore after a downtime is no reuse', () => {
    const down = [{ fromMs: AT5 + 2 * W, toMs: AT5 + 2 * W + 10_000 }]
    expect(decide(forwarded, 9, AT5 + 3 * W, {}, {}, down).outcome).toBe('regressed')
    const short = [{ fromMs: AT5 + 2 * W, toMs: AT5 + 2 * W + 9999 }]
    expect(decide(forwarded, 9, AT5 + 3 * W, {}, {}, short).outcome).toBe('reused')
  })
})

describe('a replay from another client', () => {
  const types = (decision: ReturnType<typeof decide>) => {
    if (!('change' in decision)) throw new Error(decision.outcome)
    return decision.change.events.map(
      (event) =>
        `${event.type.split('.')[1] ?? ''} ${'streak' in event.data ? event.data.streak : ''}`,
    )
  }

  test.each([0, 1, 5000])(
    'with another user agent is reported once per generation, %i ms after the rotation',
    (ageMs) => {
      const first = decide(five, 4, AT5 + ageMs, { context: otherAgent })
      expect(types(first)).toEqual(['replay-suspected 1'])
      if (first.outcome !== 'replayed') throw new Error(first.outcome)
      expect(
        types(decide(first.change.session, 4, AT5 + ageMs + 1, { context: otherAgent })),
      ).toEqual([])
    },
  )

  test.each([0, 1, 5000])(
    'with another user agent is a reuse in strict mode, %i ms after the rotation',
    (ageMs) => {
      expect(
        decide(five, 4, AT5 + ageMs, { context: otherAgent }, { replayContext: 'strict' }).outcome,
      ).toBe('reused')
      expect(decide(five, 4, AT5 + ageMs, {}, { replayContext: 'strict' }).outcome).toBe('replayed')
    },
  )

  test('with the same user agent is granted in strict mode too: a phone between two networks', () => {
    expect(
      types(decide(five, 4, AT5 + 5000, { context: elsewhere }, { replayContext: 'strict' })),
    ).toEqual(['replay-suspected 1'])
  })

  test('is an event for each new place in a generation, so that the audit trail has them all', () => {
    let session = five
    const seen: string[] = []
    for (const network of ['a', 'b', 'b', 'a', 'c', 'd', 'e', 'f']) {
      const replay = decide(session, 4, AT5, { context: { network, agent: 'browser' } })
      if (replay.outcome !== 'replayed') throw new Error(replay.outcome)
      session = replay.change.session
      seen.push(...types(replay))
    }
    expect(seen).toEqual(Array<string>(4).fill('replay-suspected 1'))
  })
})
