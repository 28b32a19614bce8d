import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideIssue } from './decide-issue.ts'
import { decideRevocation } from './decide-revocation.ts'
import { decideRotation, type RotationPolicy } from './decide-rotation.ts'
import type { Session } from './session.ts'
import { toUptimeClock, type Downtime } from './uptime.ts'

const W = 60_000
const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)
const policy: RotationPolicy = {
  graceMs: W,
  refreshTtlMs: 7 * DAY,
  rotationLimit: null,
  replayLimit: null,
  replayContext: 'warn',
  currentMacKid: 1,
}
const context = { network: 'n', agent: 'a' }

type Step =
  | { kind: 'advance'; ms: number }
  | { kind: 'outage'; ms: number }
  | { kind: 'current' }
  | { kind: 'older'; back: number; key: boolean }
  | { kind: 'revoke' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 50,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 5000 }),
        fc.constantFrom(1, 1000, W - 1, W, W + 1, 2 * W, 2 * W + 1, 1_800_000, DAY),
      ),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('outage' as const),
      ms: fc.integer({ min: 3001, max: 3_600_000 }),
    }),
  },
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('current' as const) }) },
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant('older' as const),
      back: fc.integer({ min: 1, max: 12 }),
      key: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('revoke' as const) }) },
)

/**
 * An oracle that remembers the uptime at which each generation was superseded. The session row
 * represents it by two numbers, floor and mark.
 */
test('at any rate of rotation, a token superseded within one grace window is never a reuse, and one superseded two windows ago always is', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      let nowMs = START
      let upMs = 0
      const downtimes: Downtime[] = []
      const supersededAtUpMs = new Map<number, number>()
      let session: Session = decideIssue(
        { userId: 'u', userVersion: 0, clientId: 'c', context, accessTtlSeconds: 1800 },
        { sessionId: '0198f0a0-0000-7000-8000-000000000001', nonceHash: 'n' },
        nowMs,
        { ...policy, sessionMaxMs: 30 * DAY },
      ).session
      const expiresAtMs = session.expiresAtMs

      for (const current of steps) {
        if (current.kind === 'advance') {
          nowMs += current.ms
          upMs += current.ms
          continue
        }
        if (current.kind === 'outage') {
          downtimes.push({ fromMs: nowMs, toMs: nowMs + current.ms })
          nowMs += current.ms
          continue
        }
        if (current.kind === 'revoke') {
          if (session.revokeReason === null)
            session = decideRevocation(session, 'logout', nowMs).session
          continue
        }
        const G = session.generation
        const generation = current.kind === 'current' ? G : Math.max(0, G - current.back)
        const attemptHash =
          current.kind === 'older' && current.key ? session.attemptHash : `attempt ${G}`
        const clock = toUptimeClock({
          nowMs,
          beatAtMs: nowMs,
          downtimes: downtimes.filter((downtime) => downtime.toMs > nowMs - DAY),
        })
        const forgotten = downtimes.some(
          (downtime) => downtime.toMs <= nowMs - DAY && downtime.toMs > session.rotatedAtMs,
        )
        const decision = decideRotation(
          session,
          {
            sessionId: session.id,
            generation,
            nonceHash: 'n',
            attemptHash,
            expectedSessionId: undefined,
            context,
            accessTtlMs: 1_800_000,
          },
          clock,
          policy,
        )

        if (session.revokeReason !== null) expect(decision.outcome).toBe('revoked')
        else if (nowMs >= session.idleUntilMs || nowMs >= session.expiresAtMs)
          expect(decision.outcome).toBe('expired')
        else if (generation === G) expect(decision.outcome).toBe('rotated')
        else {
          const ageMs = upMs - (supersededAtUpMs.get(generation) ?? Number.NaN)
          const ownAttempt =
            generation === G - 1 && attemptHash !== null && attemptHash === session.attemptHash
          if (ageMs <= W && !forgotten) expect(decision.outcome).toBe('replayed')
          if (ageMs > 2 * W && !ownAttempt) expect(decision.outcome).toBe('reused')
          if (ownAttempt) expect(decision.outcome).toBe('replayed')
          expect(['replayed', 'reused']).toContain(decision.outcome)
        }

        if (!('change' in decision)) continue
        const next = decision.change.session
        expect(next.expiresAtMs).toBe(expiresAtMs)
        expect(next.idleUntilMs).toBeLessThanOrEqual(expiresAtMs)
        expect(next.seq).toBe(session.seq + decision.change.events.length)
        expect(next.generation).toBe(decision.outcome === 'rotated' ? G + 1 : G)
        if (decision.outcome === 'replayed') {
          const { accessExpiresAtMs, bucketAtMs, rotationPoints, replayPoints } = next
          expect(next).toEqual({
            ...session,
            accessExpiresAtMs,
            bucketAtMs,
            rotationPoints,
            replayPoints,
          })
        }
        if (decision.outcome === 'rotated') supersededAtUpMs.set(G, upMs)
        session = next
      }
    }),
    { numRuns: Number(process.env['TEST_RUNS'] ?? 3000) },
  )
})

test('a thief who rotates every second is detected when the victim refreshes after two grace windows', () => {
  let session = decideIssue(
    { userId: 'u', userVersion: 0, clientId: 'c', context, accessTtlSeconds: 1800 },
    { sessionId: '0198f0a0-0000-7000-8000-000000000001', nonceHash: 'n' },
    START,
    { ...policy, sessionMaxMs: 30 * DAY },
  ).session
  const present = (generation: number, nowMs: number) =>
    decideRotation(
      session,
      {
        sessionId: session.id,
        generation,
        nonceHash: 'n',
        attemptHash: null,
        expectedSessionId: undefined,
        context,
        accessTtlMs: 1_800_000,
      },
      toUptimeClock({ nowMs, beatAtMs: nowMs, downtimes: [] }),
      policy,
    )
  for (let second = 1; second <= 121; second += 1) {
    const decision = present(session.generation, START + second * 1000)
    if (decision.outcome !== 'rotated') throw new Error(decision.outcome)
    session = decision.change.session
  }
  expect(present(0, START + 122_000).outcome).toBe('reused')
})
