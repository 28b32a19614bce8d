import { CodedError, type InspectResult } from '@auto-refresh/contracts'
import { describe, expect, test, vi } from 'vitest'
import { toAccessTokenClaims } from '../domain/access-token-claims.ts'
import type { AccessTokenCheck, PendingRevocation, Users } from '../ports.ts'
import { aLog, aRevocationList, aSession, aTokenStore, aUser, context, NOW_MS, SESSION_ID, USER_ID } from '../test-doubles/fakes.ts'
import { createDeliverRevocations } from './deliver-revocations.ts'
import { createFindProvenSession } from './find-proven-session.ts'
import { createSignOutEverywhere } from './sign-out-everywhere.ts'
import { createSignOut } from './sign-out.ts'

const policy = { issuer: 'i', audience: 'a', accessTtlSeconds: 1800, dueThresholdSeconds: 300 }
const claims = toAccessTokenClaims({ session: aSession(), user: aUser(), policy, nowMs: NOW_MS, jti: 'j' })
const found: InspectResult = { outcome: 'found', active: true, session: aSession() }

function setUp({ check = { outcome: 'missing' }, inspected = found }: { check?: AccessTokenCheck; inspected?: InspectResult } = {}) {
  const tokenStore = aTokenStore()
  tokenStore.inspect.mockResolvedValue(inspected)
  tokenStore.revokeSession.mockResolvedValue({ outcome: 'revoked' })
  tokenStore.revokeUser.mockResolvedValue({ revokedSessionIds: [SESSION_ID, 'another'] })
  const revocations = aRevocationList()
  const pending: PendingRevocation[] = []
  let version = 1
  const users = {
    revoke: vi.fn<Users['revoke']>(async (userId, reason, { ifVersion }) => {
      if (ifVersion !== version) return undefined
      version += 1
      pending.push({ id: `p${version}`, userId, version, reason })
      return pending.at(-1)
    }),
    pendingRevocations: async () => [...pending],
    acknowledge: vi.fn<Users['acknowledge']>(async (id) => void pending.splice(pending.findIndex((revocation) => revocation.id === id), 1)),
  }
  const limitRefused = vi.fn<() => Promise<{ outcome: 'rate_limited'; retryAfterSeconds: number } | undefined>>(async () => undefined)
  const findProvenSession = createFindProvenSession({ checkAccessToken: async () => check, tokenStore, limitRefused, limitEnded: limitRefused })
  const deliverRevocations = createDeliverRevocations({ users, tokenStore, revocations })
  const deps = { findProvenSession, tokenStore, users, deliverRevocations, revocations, log: aLog() }
  return { ...deps, limitRefused, pending, signOut: createSignOut(deps), signOutEverywhere: createSignOutEverywhere(deps) }
}

describe('the proof', () => {
  test.each(['valid', 'expired', 'revoked'] as const)('an authentic access token that is %s will do', async (outcome) => {
    const { signOut, tokenStore, revocations } = setUp({ check: { outcome, claims } })
    await signOut({ accessToken: 'jwt', context })
    expect(tokenStore.inspect).toHaveBeenCalledWith({ sessionId: SESSION_ID })
    expect(tokenStore.revokeSession).toHaveBeenCalledWith({ sessionId: SESSION_ID, userId: USER_ID, reason: 'logout' })
    expect(revocations.isRevoked(SESSION_ID)).toBe(true)
  })

  test.each(['missing', 'invalid'] as const)('a refresh token will do where the access token is %s', async (outcome) => {
    const { signOut, tokenStore } = setUp({ check: { outcome } })
    await signOut({ refreshToken: 'art_old', context })
    expect(tokenStore.inspect).toHaveBeenCalledWith({ token: 'art_old' })
    expect(tokenStore.revokeSession).toHaveBeenCalledOnce()
  })

  test.each<[Parameters<typeof setUp>[0], string | undefined, string]>([
    [{ check: { outcome: 'missing' } }, undefined, 'access_token_missing'],
    [{ check: { outcome: 'invalid' } }, undefined, 'access_token_invalid'],
    [{ inspected: { outcome: 'invalid' } }, 'art_forged', 'refresh_token_invalid'],
    [{ inspected: { outcome: 'unknown_kid' } }, 'art_newer', 'unavailable'],
  ])('none that counts is refused (%#)', async (parts, refreshToken, code) => {
    const { signOut, tokenStore } = setUp(parts)
    await expect(signOut({ refreshToken, context })).rejects.toMatchObject({ code })
    expect(tokenStore.revokeSession).not.toHaveBeenCalled()
  })

  test('a session that has ended is limited, and one that has not is not', async () => {
    const over = { outcome: 'rate_limited', retryAfterSeconds: 7 } as const
    const ended = setUp({ inspected: { ...found, active: false } })
    ended.limitRefused.mockResolvedValue(over)
    await expect(ended.signOut({ refreshToken: 'art_dead', context })).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 7 })
    expect(ended.tokenStore.revokeSession).not.toHaveBeenCalled()
    const open = setUp()
    open.limitRefused.mockResolvedValue(over)
    await open.signOut({ refreshToken: 'art_current', context })
    expect(open.limitRefused).not.toHaveBeenCalled()
  })

  test('forged ones are limited by address', async () => {
    const { signOut, limitRefused } = setUp({ inspected: { outcome: 'invalid' } })
    limitRefused.mockResolvedValue({ outcome: 'rate_limited', retryAfterSeconds: 7 })
    await expect(signOut({ refreshToken: 'art_forged', context })).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 7 })
  })
})

test('a session that was swept long ago is signed out already', async () => {
  const { signOut, signOutEverywhere, tokenStore, users } = setUp({ inspected: { outcome: 'not_found' } })
  await signOut({ refreshToken: 'art_old', context })
  await signOutEverywhere({ refreshToken: 'art_old', context })
  expect(tokenStore.revokeSession).not.toHaveBeenCalled()
  expect(users.revoke).not.toHaveBeenCalled()
})

describe('everywhere', () => {
  test('every session ends before the answer, and its access tokens with it', async () => {
    const { signOutEverywhere, tokenStore, revocations, pending } = setUp()
    await signOutEverywhere({ refreshToken: 'art_x', context })
    expect(tokenStore.revokeUser).toHaveBeenCalledExactlyOnceWith({ userId: USER_ID, version: 2, reason: 'logout_all' })
    expect([revocations.isRevoked(SESSION_ID), revocations.isRevoked('another')]).toEqual([true, true])
    expect(pending).toEqual([])
  })

  test('repeated, it ends nothing that was opened since', async () => {
    const { signOutEverywhere, tokenStore } = setUp()
    await signOutEverywhere({ refreshToken: 'art_x', context })
    await signOutEverywhere({ refreshToken: 'art_x', context })
    expect(tokenStore.revokeUser).toHaveBeenCalledOnce()
  })

  test('a try that died before its delivery is delivered by the next, which answers only then', async () => {
    const { signOutEverywhere, tokenStore, pending } = setUp()
    tokenStore.revokeUser.mockRejectedValueOnce(new CodedError('unavailable'))
    await expect(signOutEverywhere({ refreshToken: 'art_x', context })).rejects.toMatchObject({ code: 'unavailable' })
    expect(pending).toHaveLength(1)
    await signOutEverywhere({ refreshToken: 'art_x', context })
    expect(tokenStore.revokeUser).toHaveBeenLastCalledWith({ userId: USER_ID, version: 2, reason: 'logout_all' })
    expect(pending).toEqual([])
  })
})

test('one revocation that cannot be delivered does not hold the others up', async () => {
  const { deliverRevocations, tokenStore, pending } = setUp()
  pending.push({ id: 'p1', userId: 'u1', version: 2, reason: 'admin' }, { id: 'p2', userId: 'u2', version: 2, reason: 'admin' })
  tokenStore.revokeUser.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(deliverRevocations()).rejects.toMatchObject({ code: 'unavailable' })
  expect(pending.map(({ id }) => id)).toEqual(['p1'])
})
