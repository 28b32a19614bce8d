import type { AccessTokenClaims, PeekResult } from '@auto-refresh/contracts'
import { isDue } from '@auto-refresh/server/core'
import { expect, test, vi } from 'vitest'
import { toAccessTokenClaims } from '../../domain/access-token-claims.ts'
import { createBoundedLimiter } from '../../adapters/limits/create-bounded-limiter.ts'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import {
  fakeMetrics,
  aSession,
  aTokenStore,
  aUser,
  clock,
  context,
  NOW_MS,
  SESSION_ID,
} from '../../testing/fakes.ts'
import { createAutoRefresh } from './auto-refresh.ts'
import type { Refresh, RefreshResult } from './refresh.ts'

const policy = { issuer: 'i', audience: 'a', accessTtlSeconds: 1800, dueThresholdSeconds: 300 }
const live: AccessTokenClaims = toAccessTokenClaims({
  session: aSession(),
  user: aUser(),
  policy,
  nowMs: NOW_MS - 500_000,
  jti: 'j',
})
const current: PeekResult = { outcome: 'rotated', session: aSession() }

function setUp({
  check = { outcome: 'valid', claims: live },
  peeked = current,
  points = 100,
}: { check?: AccessTokenCheck; peeked?: PeekResult; points?: number } = {}) {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockResolvedValue(peeked)
  const renewed: RefreshResult = { outcome: 'reused' }
  const refresh = vi.fn<Refresh>(async () => renewed)
  const metrics = fakeMetrics()
  const autoRefresh = createAutoRefresh({
    refresh,
    tokenStore,
    notDueLimit: createBoundedLimiter({ limit: { points: points, seconds: 60 } }),
    checkAccessToken: async () => check,
    isDue: (claims) => isDue(claims, { nowMs: NOW_MS, thresholdSeconds: 300 }),
    metrics,
    clock,
    accessTtlSeconds: 1800,
  })
  return { autoRefresh, refresh, tokenStore, metrics, renewed }
}
const request = { accessToken: 'jwt', refreshToken: 'art_current', idempotencyKey: 'k', context }

test('a pair that is not due is returned unchanged, with the seconds it has left', async () => {
  const { autoRefresh, refresh, metrics, tokenStore } = setUp()
  expect(await autoRefresh(request)).toEqual({
    outcome: 'not_due',
    pair: {
      accessToken: 'jwt',
      refreshToken: 'art_current',
      expiresInSeconds: 1300,
      sessionId: SESSION_ID,
      idleUntilMs: aSession().idleUntilMs,
    },
  })
  expect(refresh).not.toHaveBeenCalled()
  expect(metrics.refreshed.mock.calls).toEqual([['auto_refresh', 'not_due']])
  expect(tokenStore.peek.mock.calls[0]?.[0]).toMatchObject({
    token: 'art_current',
    expectedSessionId: SESSION_ID,
  })
})

test.each<[string, Parameters<typeof setUp>[0]]>([
  [
    'a due access token',
    { check: { outcome: 'valid', claims: { ...live, exp: NOW_MS / 1000 + 300 } } },
  ],
  ['an expired access token', { check: { outcome: 'expired', claims: live } }],
  ['a revoked access token', { check: { outcome: 'revoked', claims: live } }],
  ['a bad access token', { check: { outcome: 'invalid' } }],
  ['a refresh token that would replay', { peeked: { outcome: 'replayed', session: aSession() } }],
  [
    'a refresh token that would be reuse',
    { peeked: { outcome: 'reused', sessionId: SESSION_ID, userId: aUser().id } },
  ],
  ['the refresh token of another session', { peeked: { outcome: 'session_mismatch' } }],
])('with %s the result is that of refresh', async (_what, parts) => {
  const { autoRefresh, refresh, renewed } = setUp(parts)
  expect(await autoRefresh(request)).toBe(renewed)
  // no expected session: a foreign access token is ignored
  expect(refresh).toHaveBeenCalledExactlyOnceWith({
    refreshToken: 'art_current',
    idempotencyKey: 'k',
    context,
    operation: 'auto_refresh',
  })
})

test('checks of a pair that is not due are limited per session and address block; due pairs are not', async () => {
  const { autoRefresh, metrics, tokenStore } = setUp({ points: 2 })
  const outcomes = []
  for (let i = 0; i < 3; i += 1) outcomes.push((await autoRefresh(request)).outcome)
  expect(outcomes).toEqual(['not_due', 'not_due', 'rate_limited'])
  expect(await autoRefresh(request)).toMatchObject({
    outcome: 'rate_limited',
    retryAfterSeconds: 60,
  })
  expect(metrics.refreshed).toHaveBeenLastCalledWith('auto_refresh', 'rate_limited')
  expect(tokenStore.peek).toHaveBeenCalledTimes(2)
  expect(
    (await autoRefresh({ ...request, context: { ...context, block: '198.51.100.7/32' } })).outcome,
  ).toBe('not_due')
  expect((await autoRefresh({ refreshToken: 'art_current', context })).outcome).toBe('reused')
})

test('without an access token there is no peek', async () => {
  const { autoRefresh, tokenStore, refresh } = setUp()
  await autoRefresh({ refreshToken: 'art_current', context })
  expect(tokenStore.peek).not.toHaveBeenCalled()
  expect(refresh).toHaveBeenCalledOnce()
})
