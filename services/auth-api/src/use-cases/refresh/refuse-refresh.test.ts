import type { PeekResult } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import { createBoundedLimiter } from '../../adapters/limits/create-bounded-limiter.ts'
import { fakeMetrics, context, SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { createLimitEnded, createLimitRefused } from './limit-refused.ts'
import { createRefuseRefresh } from './refuse-refresh.ts'

function setUp() {
  const limitEnded = createLimitEnded({
    limit: createBoundedLimiter({ limit: { points: 2, seconds: 60 } }),
    metrics: fakeMetrics(),
  })
  const limitRefused = createLimitRefused({
    limit: createBoundedLimiter({ limit: { points: 2, seconds: 60 } }),
    metrics: fakeMetrics(),
  })
  const lines = createBoundedLimiter({ limit: { points: 1, seconds: 60 } })
  const refuse = createRefuseRefresh({ limitRefused, limitEnded, lines })
  return async (refused: Parameters<typeof refuse>[0], from = context) => {
    const { refusal, isRepeated } = await refuse(refused, from)
    return [refusal.outcome, isRepeated]
  }
}
const revoked: PeekResult & { outcome: 'revoked' } = {
  outcome: 'revoked',
  sessionId: SESSION_ID,
  reason: 'logout',
}

describe('a token of an ended session', () => {
  test('is refused with its reason up to the limit, then rate limited; each is logged once', async () => {
    const refuse = setUp()
    expect([await refuse(revoked), await refuse(revoked)]).toEqual([
      ['revoked', false],
      ['revoked', true],
    ])
    expect([await refuse(revoked), await refuse(revoked)]).toEqual([
      ['rate_limited', false],
      ['rate_limited', true],
    ])
  })

  test('is limited for one address and one session only', async () => {
    const refuse = setUp()
    for (let i = 0; i < 3; i += 1) await refuse(revoked)
    expect((await refuse(revoked, { ...context, block: '198.51.100.1/32' }))[0]).toBe('revoked')
    expect((await refuse({ ...revoked, sessionId: USER_ID }))[0]).toBe('revoked')
  })

  test.each([
    { outcome: 'expired', sessionId: SESSION_ID },
    { outcome: 'session_mismatch', sessionId: SESSION_ID },
  ] as const)('is limited whatever ended the session: $outcome', async (refused) => {
    const refuse = setUp()
    for (let i = 0; i < 2; i += 1) await refuse(refused)
    expect((await refuse(refused))[0]).toBe('rate_limited')
  })

  test('raises an alarm on reuse, even after many refusals', async () => {
    const refuse = setUp()
    for (let i = 0; i < 5; i += 1) await refuse(revoked)
    expect((await refuse({ outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID }))[0]).toBe(
      'reused',
    )
  })
})

test('tokens with an unknown key do not use up the limit of forged tokens', async () => {
  const refuse = setUp()
  for (let i = 0; i < 5; i += 1) await refuse({ outcome: 'unknown_kid' })
  const forged = { outcome: 'invalid', mac: false } as const
  const outcomes = [await refuse(forged), await refuse(forged), await refuse(forged)].map(
    ([outcome]) => outcome,
  )
  expect(outcomes).toEqual(['invalid', 'invalid', 'rate_limited'])
})
