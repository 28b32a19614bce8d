import { describe, expect, test } from 'vitest'
import { decideIssue } from './decide-issue.ts'
import { decideRevocation } from './decide-revocation.ts'
import { decideRotation, type Presented, type RotationPolicy } from './decide-rotation.ts'
import type { Session } from './session.ts'
import { toUptimeClock, type Downtime } from './uptime.ts'

const W = 60_000
const START = Date.UTC(2026, 0, 1)
const DAY = 86_400_000
const id = `${START.toString(16).padStart(12, '0').replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`
const home = { network: '192.0.2.0/24', agent: 'browser' }
const elsewhere = { network: '198.51.100.0/24', agent: 'browser' }
const policy: RotationPolicy = {
  graceMs: W,
  refreshTtlMs: 7 * DAY,
  rotationLimit: { points: 60, seconds: 60 },
  replayLimit: { points: 300, seconds: 60 },
  replayContext: 'warn',
  currentMacKid: 1,
}
const request = { userId: '00000000-0000-4000-8000-000000000002', userVersion: 0, clientId: 'default', context: home, accessTtlSeconds: 1800 }
const fresh = decideIssue(request, { sessionId: id, nonceHash: 'n' }, START, { ...policy, sessionMaxMs: 30 * DAY }).session

const clockAt = (nowMs: number, downtimes: Downtime[] = []) => toUptimeClock({ nowMs, beatAtMs: nowMs, downtimes })
const presented = (generation: number, more: Partial<Presented> = {}): Presented => ({
  sessionId: id, generation, nonceHash: 'n', attemptHash: null, expectedSessionId: undefined, context: home, accessTtlMs: 1_800_000, ...more,
})
const decide = (session: Session | undefined, generation: number, atMs: number, more: Partial<Presented> = {}, with_: Partial<RotationPolicy> = {}, downtimes: Downtime[] = []) =>
  decideRotation(session, presented(generation, more), clockAt(atMs, downtimes), { ...policy, ...with_ })

function rotated(session: Session, atMs: number, more: Partial<Presented> = {}): Session {
  const decision = decide(session, session.generation, atMs, more)
  if (decision.outcome !== 'rotated') throw new Error(decision.outcome)
  return decision.change.session
}
/** A session that stands at generation 5, rotated every five minutes. */
const five = [1, 2, 3, 4, 5].reduce((session, n) => rotated(session, START + n * 300_000), fresh)
const AT5 = START + 1_500_000

describe('the current token', () => {
  test('rotates to the next generation, with one event', () => {
    const decision = decide(fresh, 0, START + 1000)
    expect(decision).toMatchObject({
      outcome: 'rotated',
      intervalSeconds: 1,
      change: { session: { generation: 1, rotatedAtMs: START + 1000, idleUntilMs: START + 1000 + 7 * DAY, seq: 1, macKid: 1 }, events: [{ type: 'session.rotated.v1', data: { session_seq: 1, generation: 1 } }] },
    })
  })

  test('never extends the absolute end', () => {
    const late = { ...fresh, idleUntilMs: fresh.expiresAtMs }
    const decision = decide(late, 0, fresh.expiresAtMs - 1000)
    expect(decision).toMatchObject({ outcome: 'rotated', change: { session: { idleUntilMs: fresh.expiresAtMs, accessExpiresAtMs: fresh.expiresAtMs, expiresAtMs: fresh.expiresAtMs } } })
  })

  test('is limited when the bucket is empty, which changes nothing, and rotates again when it has refilled', () => {
    const empty = { ...fresh, rotationTokens: 0 }
    expect(decide(empty, 0, START)).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 1 })
    expect(decide(empty, 0, START + 1000).outcome).toBe('rotated')
    expect(decide({ ...empty, rotationTokens: 0 }, 0, START, {}, { rotationLimit: null }).outcome).toBe('rotated')
  })
})

describe('a superseded token', () => {
  test.each([0, 1000, W])('gets the current one again %i ms after the rotation', (ageMs) => {
    const decision = decide(five, 4, AT5 + ageMs)
    expect(decision).toMatchObject({ outcome: 'replayed', change: { session: { generation: 5, rotatedAtMs: five.rotatedAtMs, macKid: five.macKid, seq: five.seq }, events: [] } })
  })

  test('ends its session after the window, with exactly one event that has both sides', () => {
    const decision = decide(five, 4, AT5 + W + 1, { context: elsewhere })
    expect(decision).toMatchObject({
      outcome: 'reused',
      change: {
        session: { revokeReason: 'reuse', revokedAtMs: AT5 + W + 1, seq: five.seq + 1 },
        events: [{ type: 'session.reuse-detected.v1', data: { generation: 5, rotated: { ...home, generation: 5 }, presented: { ...elsewhere, generation: 4 } } }],
      },
    })
    if (decision.outcome !== 'reused') throw new Error(decision.outcome)
    expect(decision.change.events).toHaveLength(1)
    expect(decide(decision.change.session, 4, AT5 + W + 2)).toEqual({ outcome: 'revoked', reason: 'reuse' })
    expect(decide(decision.change.session, 5, AT5 + W + 2)).toEqual({ outcome: 'revoked', reason: 'reuse' })
  })

  test.each([0, 1, 2, 3])('of generation %i is reuse while the last rotation is young, because it was superseded long ago', (generation) => {
    expect(decide(five, generation, AT5 + 1000).outcome).toBe('reused')
  })

  test('is replayed two generations late: six requests that met a 401 at once', () => {
    const quick = rotated(rotated(five, AT5 + 300_000), AT5 + 300_100)
    expect(decide(quick, 5, AT5 + 310_000)).toMatchObject({ outcome: 'replayed', change: { session: { generation: 7 } } })
  })

  test('is never replayed with a window of 0', () => {
    expect(decide(five, 4, AT5, {}, { graceMs: 0 }).outcome).toBe('reused')
  })

  test('never extends the window by being replayed', () => {
    const once = decide(five, 4, AT5 + W)
    if (once.outcome !== 'replayed') throw new Error(once.outcome)
    expect(decide(once.change.session, 4, AT5 + W + 1).outcome).toBe('reused')
  })

  test('is limited when the bucket of replays is empty, and that is no alarm', () => {
    const empty = { ...five, replayTokens: 0, bucketAtMs: AT5 }
    expect(decide(empty, 4, AT5).outcome).toBe('rate_limited')
    expect(decide(empty, 4, AT5 + W + 1).outcome).toBe('reused')
  })
})

describe('an Idempotency-Key', () => {
  const attempt = rotated(five, AT5 + 300_000, { attemptHash: 'k' })
  test('brings a lost answer back at any later time until the idle deadline', () => {
    expect(decide(attempt, 5, AT5 + 6 * DAY, { attemptHash: 'k' })).toMatchObject({ outcome: 'replayed', change: { session: { generation: 6 } } })
    expect(decide(attempt, 5, AT5 + 8 * DAY, { attemptHash: 'k' }).outcome).toBe('expired')
  })
  test('of another attempt, of none, or of an older generation does not help', () => {
    expect(decide(attempt, 5, AT5 + DAY, { attemptHash: 'other' }).outcome).toBe('reused')
    expect(decide(attempt, 5, AT5 + DAY).outcome).toBe('reused')
    expect(decide(attempt, 4, AT5 + DAY, { attemptHash: 'k' }).outcome).toBe('reused')
    expect(decide(rotated(five, AT5 + 300_000), 5, AT5 + DAY, { attemptHash: 'k' }).outcome).toBe('reused')
  })
  test('is no suspicion: a phone that changed its network repeats its own attempt', () => {
    expect(decide(attempt, 5, AT5 + 330_000, { attemptHash: 'k', context: elsewhere })).toMatchObject({ outcome: 'replayed', change: { events: [] } })
  })
})

describe('a database that went back in time', () => {
  test.each([6, 7, 1005])('is fast-forwarded by a token of generation %i', (generation) => {
    expect(decide(five, generation, AT5 + 1000)).toMatchObject({
      outcome: 'regressed',
      change: { session: { generation: generation + 1 }, events: [{ type: 'session.regression-detected.v1', data: { stored_generation: 5, presented_generation: generation } }] },
    })
  })
  test('is not believed to have lost more than 1,000 rotations', () => {
    expect(decide(five, 1006, AT5 + 1000)).toEqual({ outcome: 'invalid' })
  })
})

describe('what is refused changes nothing', () => {
  test.each<[string, Session | undefined, Partial<Presented>, number, object]>([
    ['a wrong nonce', five, { nonceHash: 'x' }, AT5, { outcome: 'invalid' }],
    ['an idle session', five, {}, five.idleUntilMs, { outcome: 'expired' }],
    ['a session past its absolute end', { ...five, idleUntilMs: five.expiresAtMs }, {}, five.expiresAtMs, { outcome: 'expired' }],
    ['a revoked session', decideRevocation(five, 'logout', AT5).session, {}, AT5, { outcome: 'revoked', reason: 'logout' }],
    ['another session than the access token names', five, { expectedSessionId: 'other' }, AT5, { outcome: 'session_mismatch' }],
    ['a session that we lost', undefined, {}, START + 1000, { outcome: 'unknown_session' }],
    ['a session that was swept', undefined, {}, START + 8 * DAY, { outcome: 'expired' }],
  ])('%s', (_, session, more, atMs, outcome) => {
    expect(decide(session, 5, atMs, more)).toEqual(outcome)
  })
})

describe('time in which we were down', () => {
  test('is no age of a token', () => {
    const down = [{ fromMs: AT5 + 1000, toMs: AT5 + 3_601_000 }]
    expect(decide(five, 4, AT5 + 3_600_000 + W, {}, {}, down).outcome).toBe('replayed')
    expect(decide(five, 4, AT5 + 3_600_000 + W + 1, {}, {}, down).outcome).toBe('reused')
  })
  test('counts before it has ended', () => {
    const clock = toUptimeClock({ nowMs: AT5 + 3_600_000, beatAtMs: AT5 + 1000, downtimes: [] })
    expect(decideRotation(five, presented(4), clock, policy).outcome).toBe('replayed')
  })
  test('is forgiven for 24 hours at most', () => {
    const clock = toUptimeClock({ nowMs: AT5 + 25 * 3_600_000, beatAtMs: AT5, downtimes: [] })
    expect(decideRotation(five, presented(4), clock, policy).outcome).toBe('reused')
  })
  test('a clock that went back makes no negative age', () => {
    expect(decide(five, 4, AT5 - 3_600_000).outcome).toBe('replayed')
    expect(decide(five, 5, AT5 - 3_600_000)).toMatchObject({ outcome: 'rotated', intervalSeconds: 0 })
  })
})

describe('a replay from elsewhere', () => {
  test('more than 2 s after the rotation is flagged once for its generation', () => {
    const first = decide(five, 4, AT5 + 2001, { context: elsewhere })
    expect(first).toMatchObject({ outcome: 'replayed', change: { events: [{ type: 'session.replay-suspected.v1', data: { streak: 1 } }] } })
    if (first.outcome !== 'replayed') throw new Error(first.outcome)
    expect(decide(first.change.session, 4, AT5 + 2002, { context: elsewhere })).toMatchObject({ outcome: 'replayed', change: { events: [] } })
  })
  test('within 2 s is a phone between two networks', () => {
    expect(decide(five, 4, AT5 + 2000, { context: elsewhere })).toMatchObject({ outcome: 'replayed', change: { events: [] } })
  })
  test('is reuse where the context is strict', () => {
    expect(decide(five, 4, AT5 + 2001, { context: elsewhere }, { replayContext: 'strict' }).outcome).toBe('reused')
    expect(decide(five, 4, AT5 + 2001, {}, { replayContext: 'strict' }).outcome).toBe('replayed')
  })
  test('five generations in a row is a shadow: a thief who always follows the victim', () => {
    let session = five
    const types: string[] = []
    for (let n = 1; n <= 5; n += 1) {
      session = rotated(session, AT5 + n * 300_000)
      const replay = decide(session, session.generation - 1, AT5 + n * 300_000 + 5000, { context: elsewhere })
      if (replay.outcome !== 'replayed') throw new Error(replay.outcome)
      session = replay.change.session
      types.push(...replay.change.events.map((event) => event.type))
    }
    expect(types).toEqual([...Array<string>(4).fill('session.replay-suspected.v1'), 'session.shadow-suspected.v1'])
  })
})
