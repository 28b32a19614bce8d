import { CodedError, type InspectResult, type PeekResult } from '@auto-refresh/contracts'
import { describe, expect, test, vi } from 'vitest'
import { toAccessTokenClaims } from '../../domain/access-token-claims.ts'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import type { PendingRevocation, Users } from '../../ports/users.ts'
import {
  aLog,
  aRevocationList,
  aSession,
  aTokenStore,
  aUser,
  context,
  NOW_MS,
  SESSION_ID,
  USER_ID,
} from '../../testing/fakes.ts'
import { createDeliverRevocations } from './deliver-revocations.ts'
import { createFindLiveSession } from './find-live-session.ts'
import { createFindProvenSession } from './find-proven-session.ts'
import { createSignOutEverywhere } from './sign-out-everywhere.ts'
import { createSignOut } from './sign-out.ts'

const policy = { issuer: 'i', audience: 'a', accessTtlSeconds: 1800, dueThresholdSeconds: 300 }
const claims = toAccessTokenClaims({
  session: aSession(),
  user: aUser(),
  policy,
  nowMs: NOW_MS,
  jti: 'j',
})
const found: InspectResult = { outcome: 'found', active: true, session: aSession() }

type Parts = { check?: AccessTokenCheck; inspected?: InspectResult; peeked?: PeekResult }
function setUp({
  check = { outcome: 'missing' },
  inspected = found,
  peeked = { outcome: 'rotated', session: aSession() },
}: Parts = {}) {
  const tokenStore = aTokenStore()
  tokenStore.inspect.mockResolvedValue(inspected)
  tokenStore.peek.mockResolvedValue(peeked)
  tokenStore.revokeSession.mockResolvedValue({ outcome: 'revoked' })
  tokenStore.revokeUser.mockResolvedValue({ revokedSessionIds: [SESSION_ID, 'another'] })
  const revocations = aRevocationList()
  const pending: PendingRevocation[] = []
  let version = 1
  const users = {
    findByIds: vi.fn<Users['findByIds']>(async () => [aUser({ version })]),
    revoke: vi.fn<Users['revoke']>(async (userId, reason, { ifVersion }) => {
      if (ifVersion !== version) return undefined
      version += 1
      pending.push({ id: `p${version}`, userId, version, reason })
      return pending.at(-1)
    }),
    pendingRevocations: async () => [...pending],
    acknowledge: vi.fn<Users['acknowledge']>(
      async (id) =>
        void pending.splice(
          pending.findIndex((revocation) => revocation.id === id),
          1,
        ),
    ),
  }
  const limitRefused = vi.fn<
    () => Promise<{ outcome: 'rate_limited'; retryAfterSeconds: number } | undefined>
  >(async () => undefined)
  const findProvenSession = createFindProvenSession({
    checkAccessToken: async () => check,
    tokenStore,
    limitRefused,
    limitEnded: limitRefused,
  })
  const findLiveSession = createFindLiveSession({
    checkAccessToken: async () => check,
    tokenStore,
    findProvenSession,
    limitEnded: limitRefused,
    accessTtlSeconds: 1800,
  })
  const deliverRevocations = createDeliverRevocations({ users, tokenStore, revocations })
  const deps = {
    findProvenSession,
    findLiveSession,
    tokenStore,
    users,
    deliverRevocations,
    revocations,
    log: aLog(),
  }
  return {
    ...deps,
    limitRefused,
    pending,
    signOut: createSignOut(deps),
    signOutEverywhere: createSignOutEverywhere(deps),
  }
}

describe('the proof of a sign-out', () => {
  test.each(['valid', 'expired', 'revoked'] as const)(
    'an authentic access token that is %s proves its session',
    async (outcome) => {
      const { signOut, tokenStore, revocations } = setUp({ check: { outcome, claims } })
      await signOut({ accessToken: 'jwt', context })
      expect(tokenStore.inspect).toHaveBeenCalledWith({ sessionId: SESSION_ID })
      expect(tokenStore.revokeSession).toHaveBeenCalledWith({
        sessionId: SESSION_ID,
        userId: USER_ID,
        reason: 'logout',
      })
      expect(revocations.isRevoked(SESSION_ID)).toBe(true)
    },
  )

  test.each(['missing', 'invalid'] as const)(
    'a refresh token proves its session when the access token is %s',
    async (outcome) => {
      const { signOut, tokenStore } = setUp({ check: { outcome } })
      await signOut({ refreshToken: 'art_old', context })
      expect(tokenStore.inspect).toHaveBeenCalledWith({ token: 'art_old' })
      expect(tokenStore.revokeSession).toHaveBeenCalledOnce()
    },
  )

  test.each<[Parameters<typeof setUp>[0], string | undefined, string]>([
    [{ check: { outcome: 'missing' } }, undefined, 'access_token_missing'],
    [{ check: { outcome: 'invalid' } }, undefined, 'access_token_invalid'],
    [{ inspected: { outcome: 'invalid' } }, 'art_forged', 'refresh_token_invalid'],
    [{ inspected: { outcome: 'unknown_kid' } }, 'art_newer', 'unavailable'],
  ])('a missing or forged proof is refused (%#)', async (parts, refreshToken, code) => {
    const { signOut, tokenStore } = setUp(parts)
    await expect(signOut({ refreshToken, context })).rejects.toMatchObject({ code })
    expect(tokenStore.revokeSession).not.toHaveBeenCalled()
  })

  test('tokens of an ended session are limited, others are not', async () => {
    const over = { outcome: 'rate_limited', retryAfterSeconds: 7 } as const
    const ended = setUp({ inspected: { ...found, active: false } })
    ended.limitRefused.mockResolvedValue(over)
    await expect(ended.signOut({ refreshToken: 'art_dead', context })).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterSeconds: 7,
    })
    expect(ended.tokenStore.revokeSession).not.toHaveBeenCalled()
    const open = setUp()
    open.limitRefused.mockResolvedValue(over)
    await open.signOut({ refreshToken: 'art_current', context })
    expect(open.limitRefused).not.toHaveBeenCalled()
  })

  test('forged tokens are limited by address', async () => {
    const { signOut, limitRefused } = setUp({ inspected: { outcome: 'invalid' } })
    limitRefused.mockResolvedValue({ outcome: 'rate_limited', retryAfterSeconds: 7 })
    await expect(signOut({ refreshToken: 'art_forged', context })).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterSeconds: 7,
    })
  })
})

test('a deleted session counts as signed out', async () => {
  const { signOut, tokenStore } = setUp({ inspected: { outcome: 'not_found' } })
  await signOut({ refreshToken: 'art_old', context })
  expect(tokenStore.revokeSession).not.toHaveBeenCalled()
})

describe('a sign-out everywhere', () => {
  test('ends all sessions and their access tokens before it resolves', async () => {
    const { signOutEverywhere, tokenStore, revocations, pending } = setUp()
    await signOutEverywhere({ refreshToken: 'art_x', context })
    expect(tokenStore.revokeUser).toHaveBeenCalledExactlyOnceWith({
      userId: USER_ID,
      version: 2,
      reason: 'logout_all',
    })
    expect([revocations.isRevoked(SESSION_ID), revocations.isRevoked('another')]).toEqual([
      true,
      true,
    ])
    expect(pending).toEqual([])
  })

  test('repeated, ends no session that was opened since', async () => {
    const { signOutEverywhere, tokenStore } = setUp()
    await signOutEverywhere({ refreshToken: 'art_x', context })
    await signOutEverywhere({ refreshToken: 'art_x', context })
    expect(tokenStore.revokeUser).toHaveBeenCalledOnce()
  })

  test('that failed before its delivery is delivered by the next attempt', async () => {
    const { signOutEverywhere, tokenStore, pending } = setUp()
    tokenStore.revokeUser.mockRejectedValueOnce(new CodedError('unavailable'))
    await expect(signOutEverywhere({ refreshToken: 'art_x', context })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(pending).toHaveLength(1)
    await signOutEverywhere({ refreshToken: 'art_x', context })
    expect(tokenStore.revokeUser).toHaveBeenLastCalledWith({
      userId: USER_ID,
      version: 2,
      reason: 'logout_all',
    })
    expect(pending).toEqual([])
  })
})

describe('the proof of a sign-out everywhere', () => {
  const user = { id: SESSION_ID, userId: USER_ID }
  const grace = (outcome: 'rotated' | 'replayed' | 'regressed'): PeekResult => ({
    outcome,
    session: aSession(),
  })
  const limited: PeekResult = { outcome: 'rate_limited', retryAfterSeconds: 3 }

  test.each<[string, Parts]>([
    ['a valid access token', { check: { outcome: 'valid', claims } }],
    ['the current refresh token', { peeked: grace('rotated') }],
    ['a refresh token within its grace window', { peeked: grace('replayed') }],
    ['a refresh token that is newer than the restored row', { peeked: grace('regressed') }],
    ['a refresh token that has been used too often', { peeked: limited }],
    [
      'an expired access token beside the current refresh token',
      { check: { outcome: 'expired', claims } },
    ],
  ])('is valid: %s', async (_, parts) => {
    const { signOutEverywhere, tokenStore } = setUp(parts)
    await signOutEverywhere({ accessToken: 'jwt', refreshToken: 'art_x', context })
    expect(tokenStore.revokeUser).toHaveBeenCalledOnce()
  })

  const ended: InspectResult = { ...found, active: false }
  const revoked: PeekResult = { outcome: 'revoked', sessionId: user.id, reason: 'logout' }
  const dead: [string, Parts, string | undefined, string][] = [
    [
      'an expired access token',
      { check: { outcome: 'expired', claims } },
      undefined,
      'access_token_expired',
    ],
    [
      'a revoked access token',
      { check: { outcome: 'revoked', claims }, inspected: ended },
      undefined,
      'access_token_revoked',
    ],
    [
      'a valid access token of a session that has just ended',
      { check: { outcome: 'valid', claims }, inspected: ended },
      undefined,
      'access_token_revoked',
    ],
    [
      'a superseded refresh token',
      { peeked: { outcome: 'reused', sessionId: user.id, userId: user.userId } },
      'art_x',
      'refresh_token_revoked',
    ],
    [
      'a revoked refresh token',
      { peeked: revoked, inspected: ended },
      'art_x',
      'refresh_token_revoked',
    ],
    [
      'an expired refresh token',
      { peeked: { outcome: 'expired', sessionId: user.id }, inspected: ended },
      'art_x',
      'refresh_token_expired',
    ],
    [
      'a rate-limited refresh token of a session that has just ended',
      { peeked: limited, inspected: ended },
      'art_x',
      'refresh_token_revoked',
    ],
    [
      "an expired access token beside another session's refresh token",
      { check: { outcome: 'expired', claims }, peeked: { outcome: 'session_mismatch' } },
      'art_x',
      'session_mismatch',
    ],
  ]
  test.each(dead)('is refused and ends nothing: %s', async (_, parts, refreshToken, code) => {
    const { signOutEverywhere, users, tokenStore } = setUp(parts)
    await expect(
      signOutEverywhere({ accessToken: 'jwt', refreshToken, context }),
    ).rejects.toMatchObject({ code })
    expect(users.revoke).not.toHaveBeenCalled()
    expect(tokenStore.revokeUser).not.toHaveBeenCalled()
  })

  test.each(dead)(
    'is accepted as a repetition after a sign-out everywhere: %s',
    async (_, parts, refreshToken) => {
      const { signOutEverywhere, users, tokenStore, pending } = setUp(parts)
      await users.revoke(USER_ID, 'logout_all', { ifVersion: 1 })
      users.revoke.mockClear()
      await signOutEverywhere({ accessToken: 'jwt', refreshToken, context })
      expect(users.revoke).not.toHaveBeenCalled()
      // A pending revocation of the lost request is delivered first.
      expect(tokenStore.revokeUser).toHaveBeenCalledOnce()
      expect(pending).toEqual([])
    },
  )

  test.each(dead)('is refused and limited: %s', async (_, parts, refreshToken) => {
    const { signOutEverywhere, limitRefused, users } = setUp(parts)
    limitRefused.mockResolvedValue({ outcome: 'rate_limited', retryAfterSeconds: 7 })
    await expect(
      signOutEverywhere({ accessToken: 'jwt', refreshToken, context }),
    ).rejects.toMatchObject({ code: 'rate_limited' })
    expect(users.findByIds).not.toHaveBeenCalled()
  })

  test.each<[string, PeekResult, InspectResult, string]>([
    ['forged', { outcome: 'invalid', mac: false }, { outcome: 'invalid' }, 'refresh_token_invalid'],
    [
      'of a newer deployment',
      { outcome: 'unknown_kid' },
      { outcome: 'unknown_kid' },
      'unavailable',
    ],
    [
      'of a session lost by a restore',
      { outcome: 'unknown_session' },
      { outcome: 'not_found' },
      'unavailable',
    ],
    [
      'of a deleted session',
      { outcome: 'expired' },
      { outcome: 'not_found' },
      'refresh_token_expired',
    ],
  ])('is refused when it is a refresh token %s', async (_, peeked, inspected, code) => {
    const { signOutEverywhere, users } = setUp({ peeked, inspected })
    await expect(signOutEverywhere({ refreshToken: 'art_x', context })).rejects.toMatchObject({
      code,
    })
    expect(users.revoke).not.toHaveBeenCalled()
  })
})

test('a revocation that cannot be delivered does not block the others', async () => {
  const { deliverRevocations, tokenStore, pending } = setUp()
  pending.push(
    { id: 'p1', userId: 'u1', version: 2, reason: 'admin' },
    { id: 'p2', userId: 'u2', version: 2, reason: 'admin' },
  )
  tokenStore.revokeUser.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(deliverRevocations()).rejects.toMatchObject({ code: 'unavailable' })
  expect(pending.map(({ id }) => id)).toEqual(['p1'])
})
