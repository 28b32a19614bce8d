import { CodedError, type RotateResult } from '@auto-refresh/contracts'
import { describe, expect, test, vi } from 'vitest'
import type { KnownUsers, UserState } from '../../ports/known-users.ts'
import type { RefreshMetricOutcome } from '../../ports/telemetry.ts'
import {
  aLog,
  fakeMetrics,
  aRevocationList,
  aSession,
  aTokenStore,
  aUser,
  context,
  NOW_MS,
  SESSION_ID,
  unlimited,
  USER_ID,
} from '../../testing/fakes.ts'
import { createLimitRefused } from './limit-refused.ts'
import { createRefresh, type RefreshRequest, type RefreshResult } from './refresh.ts'
import { createRefuseRefresh } from './refuse-refresh.ts'
import type { SignPair } from './sign-pair.ts'
import type { PublishRefusal } from './publish-refusal.ts'
import { createReportRefresh } from './report-refresh.ts'

const granted = (change: object = {}): RotateResult => ({
  outcome: 'rotated',
  token: 'art_next',
  session: aSession(),
  intervalSeconds: 42,
  ...change,
})
const request: RefreshRequest = { refreshToken: 'art_presented', context }

function setUp({
  stored,
  user = aUser(),
  usersUnavailable = false,
}: {
  stored: RotateResult | Error
  user?: UserState | 'deleted' | Error
  usersUnavailable?: boolean
}) {
  const tokenStore = aTokenStore()
  tokenStore.rotate.mockImplementation(async () => {
    if (stored instanceof Error) throw stored
    return stored
  })
  const find = vi.fn<KnownUsers['find']>(async () => {
    if (user instanceof Error) throw user
    return user === 'deleted' ? undefined : user
  })
  const metrics = fakeMetrics()
  const revocations = aRevocationList()
  const log = aLog()
  const limit = {
    left: 1,
    take: async (_key: string) =>
      limit.left-- > 0
        ? ({ allowed: true } as const)
        : ({ allowed: false, retryAfterSeconds: 9 } as const),
  }
  const signPair = vi.fn<SignPair>(async ({ refreshToken }) => ({
    accessToken: 'jwt',
    refreshToken,
    expiresInSeconds: 1800,
    sessionId: SESSION_ID,
    idleUntilMs: NOW_MS,
  }))
  const refuseRefresh = createRefuseRefresh({
    ...unlimited,
    limitRefused: createLimitRefused({ limit, metrics }),
  })
  const publishRefusal = vi.fn<PublishRefusal>()
  const refresh = createRefresh({
    tokenStore,
    knownUsers: { find, remember: () => {}, areUnavailable: () => usersUnavailable },
    revocations,
    signPair,
    refuseRefresh,
    reportRefresh: createReportRefresh({ metrics, publishRefusal, log }),
    metrics,
    accessTtlSeconds: 1800,
  })
  return { refresh, publishRefusal, tokenStore, metrics, revocations, log, signPair, limit }
}

describe('while the users cannot be read', () => {
  const unavailable = new CodedError('unavailable')

  test('nothing is rotated for a user that this process does not know, because it could not respond', async () => {
    const { refresh, tokenStore } = setUp({
      stored: granted(),
      user: unavailable,
      usersUnavailable: true,
    })
    tokenStore.peek.mockResolvedValue({ outcome: 'rotated', session: aSession() })
    await expect(refresh(request)).rejects.toBe(unavailable)
    expect(tokenStore.rotate).not.toHaveBeenCalled()
  })

  test('no reuse is carried out that our own missing response may have caused', async () => {
    const { refresh, tokenStore } = setUp({
      stored: { outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID },
      user: unavailable,
      usersUnavailable: true,
    })
    tokenStore.peek.mockResolvedValue({ outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID })
    await expect(refresh(request)).rejects.toBe(unavailable)
    expect(tokenStore.rotate).not.toHaveBeenCalled()
  })

  test('a user that this process knows is refreshed', async () => {
    const { refresh, tokenStore } = setUp({ stored: granted(), usersUnavailable: true })
    tokenStore.peek.mockResolvedValue({ outcome: 'rotated', session: aSession() })
    expect(await refresh(request)).toMatchObject({ outcome: 'rotated' })
  })
})

describe('the result of token-store becomes the response to the client', () => {
  const cases: [RotateResult, RefreshResult['outcome'], RefreshMetricOutcome][] = [
    [granted(), 'rotated', 'rotated'],
    [granted({ outcome: 'replayed' }), 'replayed', 'replayed'],
    [granted({ outcome: 'regressed' }), 'regressed', 'regressed'],
    [{ outcome: 'invalid', mac: false }, 'invalid', 'invalid'],
    [{ outcome: 'invalid', mac: true, sessionId: SESSION_ID }, 'invalid', 'invalid'],
    [{ outcome: 'unknown_kid' }, 'unavailable', 'unknown_kid'],
    [{ outcome: 'unknown_session' }, 'unavailable', 'unknown_session'],
    [{ outcome: 'expired' }, 'expired', 'expired'],
    [{ outcome: 'revoked', sessionId: SESSION_ID, reason: 'logout' }, 'revoked', 'revoked'],
    [
      { outcome: 'revoked', sessionId: SESSION_ID, reason: 'user_disabled' },
      'user_inactive',
      'user_inactive',
    ],
    [{ outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID }, 'reused', 'reused'],
    [{ outcome: 'session_mismatch' }, 'session_mismatch', 'session_mismatch'],
    [{ outcome: 'rate_limited', retryAfterSeconds: 5 }, 'rate_limited', 'rate_limited'],
  ]
  test.each(cases)('%o becomes %s and is counted as %s', async (stored, outcome, counted) => {
    const { refresh, metrics, publishRefusal } = setUp({ stored })
    expect((await refresh({ ...request, operation: 'middleware' })).outcome).toBe(outcome)
    expect(metrics.refreshed.mock.calls).toEqual([
      ['middleware', counted, counted === 'rotated' ? 42 : undefined],
    ])
    const known = 'session' in stored || ('sessionId' in stored && stored.sessionId !== undefined)
    expect(publishRefusal.mock.calls).toEqual([
      [counted, { sessionId: known ? SESSION_ID : undefined, context }],
    ])
  })

  test('a pair has the successor from token-store and an access token with the current role', async () => {
    const { refresh, signPair } = setUp({ stored: granted(), user: aUser({ role: 'admin' }) })
    expect(await refresh(request)).toMatchObject({
      outcome: 'rotated',
      pair: { accessToken: 'jwt', refreshToken: 'art_next' },
    })
    expect(signPair).toHaveBeenCalledWith({
      session: aSession(),
      user: aUser({ role: 'admin' }),
      refreshToken: 'art_next',
    })
  })

  test('token-store receives everything that it decides by, and never a full address', async () => {
    const { refresh, tokenStore } = setUp({ stored: granted() })
    await refresh({ ...request, idempotencyKey: 'k', expectedSessionId: SESSION_ID })
    expect(tokenStore.rotate).toHaveBeenCalledExactlyOnceWith({
      token: 'art_presented',
      idempotencyKey: 'k',
      expectedSessionId: SESSION_ID,
      context: { network: '203.0.113.0/24', agent: 'test' },
      // a margin of 60 s for clocks that differ
      accessTtlSeconds: 1860,
    })
  })
})

describe('after the rotation has been committed', () => {
  test.each([
    ['an inactive user', aUser({ active: false }), 'user_inactive'],
    ['a deleted user', 'deleted', 'user_inactive'],
    ['a session of a lower user version', aUser({ version: 2 }), 'revoked'],
  ] as const)('%s gets no tokens', async (_who, user, outcome) => {
    const { refresh, metrics, signPair } = setUp({ stored: granted(), user })
    expect(await refresh(request)).toEqual({ outcome })
    expect(metrics.refreshed).toHaveBeenCalledWith('refresh', outcome, undefined)
    expect(signPair).not.toHaveBeenCalled()
  })

  test('an unknown state of the user is our failure (503), never a logout', async () => {
    const { refresh, metrics } = setUp({ stored: granted(), user: new CodedError('unavailable') })
    await expect(refresh(request)).rejects.toMatchObject({ code: 'unavailable' })
    expect(metrics.refreshed.mock.calls).toEqual([['refresh', 'unavailable']])
  })

  test('a revocation that completes during the rotation wins', async () => {
    const { refresh, revocations, signPair } = setUp({ stored: granted() })
    signPair.mockImplementationOnce(async ({ refreshToken }) => {
      revocations.add(SESSION_ID)
      return {
        accessToken: 'jwt',
        refreshToken,
        expiresInSeconds: 1,
        sessionId: SESSION_ID,
        idleUntilMs: NOW_MS,
      }
    })
    expect(await refresh(request)).toEqual({ outcome: 'revoked' })
  })
})

describe('limits', () => {
  test('forged tokens are limited by address, with the time of the next attempt', async () => {
    const { refresh, metrics } = setUp({ stored: { outcome: 'invalid', mac: false } })
    expect(await refresh(request)).toEqual({ outcome: 'invalid' })
    expect(await refresh(request)).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 9 })
    expect(metrics.rateLimited).toHaveBeenCalledExactlyOnceWith('refused_refresh')
  })

  test('tokens with an unknown key have their own limit, and wait no longer than after a 503', async () => {
    const { refresh, limit } = setUp({ stored: { outcome: 'unknown_kid' } })
    const take = vi.spyOn(limit, 'take')
    expect(await refresh(request)).toEqual({ outcome: 'unavailable', because: 'unknown_kid' })
    expect(await refresh(request)).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 5 })
    expect(take.mock.calls).toEqual([
      [`unknown_kid ${context.block}`],
      [`unknown_kid ${context.block}`],
    ])
  })

  test.each<RotateResult>([
    { outcome: 'invalid', mac: true },
    { outcome: 'expired' },
    { outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID },
    { outcome: 'unknown_session' },
    granted(),
  ])('an authentic token is never limited by address (%#)', async (stored) => {
    const { refresh, limit } = setUp({ stored })
    for (let i = 0; i < 3; i++) expect((await refresh(request)).outcome).not.toBe('rate_limited')
    expect(limit.left).toBe(1)
  })
})

test('a reuse revokes the access tokens of the session in this process at once', async () => {
  const { refresh, revocations } = setUp({
    stored: { outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID },
  })
  await refresh(request)
  expect(revocations.isRevoked(SESSION_ID)).toBe(true)
})

test('an error of token-store is thrown unchanged and counted as unavailable', async () => {
  const { refresh, metrics } = setUp({ stored: new CodedError('unavailable') })
  await expect(refresh(request)).rejects.toMatchObject({ code: 'unavailable' })
  expect(metrics.refreshed.mock.calls).toEqual([['refresh', 'unavailable']])
})

test.each<[RotateResult, string]>([
  [granted(), 'info'],
  [granted({ outcome: 'replayed' }), 'info'],
  [granted({ outcome: 'regressed' }), 'warn'],
  [{ outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID }, 'warn'],
  [{ outcome: 'revoked', sessionId: SESSION_ID, reason: 'logout' }, 'info'],
  [{ outcome: 'expired' }, 'info'],
  [{ outcome: 'unknown_session' }, 'info'],
  [{ outcome: 'invalid', mac: true }, 'info'],
  [{ outcome: 'invalid', mac: false }, 'debug'],
  [{ outcome: 'unknown_kid' }, 'debug'],
  [{ outcome: 'rate_limited', retryAfterSeconds: 5 }, 'debug'],
])('%o is logged with level %s: a flood of forged tokens fills no disk', async (stored, level) => {
  const { refresh, log } = setUp({ stored })
  await refresh(request)
  expect(log.lines).toEqual([expect.stringContaining(`"level":"${level}"`)])
})

test('a refresh writes one log line, without tokens', async () => {
  const { refresh, log } = setUp({ stored: granted() })
  await refresh(request)
  expect(log.lines).toHaveLength(1)
  expect(log.lines[0]).toContain(SESSION_ID)
  expect(log.lines[0]).not.toMatch(/art_|jwt/)
})

test('the log line of a refresh on behalf of a user names the API key', async () => {
  const { refresh, log } = setUp({ stored: granted() })
  const actor = { kind: 'key', name: 'cases-api' } as const
  await refresh({ ...request, context: { ...context, actor } })
  expect(log.lines).toEqual([expect.stringContaining('"actor":"key:cases-api"')])
})
