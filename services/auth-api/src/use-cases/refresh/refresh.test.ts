import { CodedError, type RotateResult } from '@auto-refresh/contracts'
import { describe, expect, test, vi } from 'vitest'
import type { KnownUsers, UserState } from '../../ports/known-users.ts'
import type { RefreshMetricOutcome } from '../../ports/telemetry.ts'
import {
  aLog,
  aRecorder,
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
import type { TellRefusal } from './tell-refusal.ts'

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
  usersAway = false,
}: {
  stored: RotateResult | Error
  user?: UserState | 'gone' | Error
  usersAway?: boolean
}) {
  const tokenStore = aTokenStore()
  tokenStore.rotate.mockImplementation(async () => {
    if (stored instanceof Error) throw stored
    return stored
  })
  const find = vi.fn<KnownUsers['find']>(async () => {
    if (user instanceof Error) throw user
    return user === 'gone' ? undefined : user
  })
  const recorder = aRecorder()
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
    limitRefused: createLimitRefused({ limit, recorder }),
  })
  const tellRefusal = vi.fn<TellRefusal>()
  const refresh = createRefresh({
    tokenStore,
    knownUsers: { find, remember: () => {}, areAway: () => usersAway },
    revocations,
    signPair,
    refuseRefresh,
    tellRefusal,
    recorder,
    log,
    accessTtlSeconds: 1800,
  })
  return { refresh, tellRefusal, tokenStore, recorder, revocations, log, signPair, limit }
}

describe('while the users cannot be read', () => {
  const away = new CodedError('unavailable')

  test('nothing is rotated for a user who is not known here: the answer could not be given', async () => {
    const { refresh, tokenStore } = setUp({ stored: granted(), user: away, usersAway: true })
    tokenStore.peek.mockResolvedValue({ outcome: 'rotated', session: aSession() })
    await expect(refresh(request)).rejects.toBe(away)
    expect(tokenStore.rotate).not.toHaveBeenCalled()
  })

  test('no reuse is carried out that our own silence may have made', async () => {
    const { refresh, tokenStore } = setUp({
      stored: { outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID },
      user: away,
      usersAway: true,
    })
    tokenStore.peek.mockResolvedValue({ outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID })
    await expect(refresh(request)).rejects.toBe(away)
    expect(tokenStore.rotate).not.toHaveBeenCalled()
  })

  test('who is known here is refreshed as ever', async () => {
    const { refresh, tokenStore } = setUp({ stored: granted(), usersAway: true })
    tokenStore.peek.mockResolvedValue({ outcome: 'rotated', session: aSession() })
    expect(await refresh(request)).toMatchObject({ outcome: 'rotated' })
  })
})

describe('what token-store answers becomes the answer to the client', () => {
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
  test.each(cases)('%o is %s and counted as %s', async (stored, outcome, counted) => {
    const { refresh, recorder, tellRefusal } = setUp({ stored })
    expect((await refresh({ ...request, operation: 'middleware' })).outcome).toBe(outcome)
    expect(recorder.refreshed.mock.calls).toEqual([
      ['middleware', counted, counted === 'rotated' ? 42 : undefined],
    ])
    const known = 'session' in stored || ('sessionId' in stored && stored.sessionId !== undefined)
    expect(tellRefusal.mock.calls).toEqual([
      [counted, { sessionId: known ? SESSION_ID : undefined, context }],
    ])
  })

  test('a pair carries the token of the store and an access token of the user as of now', async () => {
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

  test('the store is asked with everything it decides by, and no whole address', async () => {
    const { refresh, tokenStore } = setUp({ stored: granted() })
    await refresh({ ...request, idempotencyKey: 'k', expectedSessionId: SESSION_ID })
    expect(tokenStore.rotate).toHaveBeenCalledExactlyOnceWith({
      token: 'art_presented',
      idempotencyKey: 'k',
      expectedSessionId: SESSION_ID,
      context: { network: '203.0.113.0/24', agent: 'test' },
      // clocks may be a minute apart before a revocation is forgotten too early
      accessTtlSeconds: 1860,
    })
  })
})

describe('after the rotation has been committed', () => {
  test.each([
    ['an inactive user', aUser({ active: false }), 'user_inactive'],
    ['a user who is gone', 'gone', 'user_inactive'],
    ['a session of a lower user version', aUser({ version: 2 }), 'revoked'],
  ] as const)('%s gets no tokens', async (_who, user, outcome) => {
    const { refresh, recorder, signPair } = setUp({ stored: granted(), user })
    expect(await refresh(request)).toEqual({ outcome })
    expect(recorder.refreshed).toHaveBeenCalledWith('refresh', outcome, undefined)
    expect(signPair).not.toHaveBeenCalled()
  })

  test('a user whose state nobody knows is our trouble, never a logout', async () => {
    const { refresh, recorder } = setUp({ stored: granted(), user: new CodedError('unavailable') })
    await expect(refresh(request)).rejects.toMatchObject({ code: 'unavailable' })
    expect(recorder.refreshed.mock.calls).toEqual([['refresh', 'unavailable']])
  })

  test('a revoke that finished meanwhile wins', async () => {
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
  test('a token with a wrong MAC counts against its address, and is told when to come again', async () => {
    const { refresh, recorder } = setUp({ stored: { outcome: 'invalid', mac: false } })
    expect(await refresh(request)).toEqual({ outcome: 'invalid' })
    expect(await refresh(request)).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 9 })
    expect(recorder.rateLimited).toHaveBeenCalledExactlyOnceWith('refused_refresh')
  })

  test('one whose key is missing here has a limit of its own, and its client comes again as soon as after a 503', async () => {
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
  ])('a token whose MAC is right is never limited by address (%#)', async (stored) => {
    const { refresh, limit } = setUp({ stored })
    for (let i = 0; i < 3; i++) expect((await refresh(request)).outcome).not.toBe('rate_limited')
    expect(limit.left).toBe(1)
  })
})

test('a reuse kills the access tokens of the session here and now', async () => {
  const { refresh, revocations } = setUp({
    stored: { outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID },
  })
  await refresh(request)
  expect(revocations.isRevoked(SESSION_ID)).toBe(true)
})

test('a store that is away is told on, and counted as ours', async () => {
  const { refresh, recorder } = setUp({ stored: new CodedError('unavailable') })
  await expect(refresh(request)).rejects.toMatchObject({ code: 'unavailable' })
  expect(recorder.refreshed.mock.calls).toEqual([['refresh', 'unavailable']])
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
])('%o is a line of level %s: a flood of what is not ours fills no disk', async (stored, level) => {
  const { refresh, log } = setUp({ stored })
  await refresh(request)
  expect(log.lines).toEqual([expect.stringContaining(`"level":"${level}"`)])
})

test('one line a refresh, without any token', async () => {
  const { refresh, log } = setUp({ stored: granted() })
  await refresh(request)
  expect(log.lines).toHaveLength(1)
  expect(log.lines[0]).toContain(SESSION_ID)
  expect(log.lines[0]).not.toMatch(/art_|jwt/)
})
