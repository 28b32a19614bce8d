import { isDue } from '@auto-refresh/server/core'
import { expect, test } from 'vitest'
import { toAccessTokenClaims } from '../../domain/access-token-claims.ts'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import {
  aRevocationList,
  aSession,
  aUser,
  clock,
  NOW_MS,
  SESSION_ID,
  USER_ID,
} from '../../testing/fakes.ts'
import { createCheckAccessToken } from './check-access-token.ts'
import { createGetTokenStatus } from './get-token-status.ts'

const policy = { issuer: 'i', audience: 'a', accessTtlSeconds: 1800, dueThresholdSeconds: 300 }
const issuedAgo = (seconds: number) =>
  toAccessTokenClaims({
    session: aSession(),
    user: aUser(),
    policy,
    nowMs: NOW_MS - seconds * 1000,
    jti: 'j',
  })
const statusOf = (check: AccessTokenCheck) =>
  createGetTokenStatus({
    checkAccessToken: async () => check,
    isDue: (claims) => isDue(claims, { nowMs: NOW_MS, thresholdSeconds: 300 }),
    clock,
  })({ accessToken: 'jwt' })

test('a valid token returns its user and its remaining time', async () => {
  const expected = {
    valid: true,
    needsRefresh: false,
    secondsLeft: 1300,
    expiresAtMs: NOW_MS + 1_300_000,
    username: 'Ada',
    role: 'user',
  }
  expect(await statusOf({ outcome: 'valid', claims: issuedAgo(500) })).toEqual(expected)
  expect(await statusOf({ outcome: 'valid', claims: issuedAgo(1500) })).toMatchObject({
    valid: true,
    needsRefresh: true,
    secondsLeft: 300,
  })
})

test('an expired token needs a refresh, a revoked one does not, and neither returns a name', async () => {
  expect(await statusOf({ outcome: 'expired', claims: issuedAgo(1801) })).toEqual({
    valid: false,
    needsRefresh: true,
    secondsLeft: 0,
    expiresAtMs: NOW_MS - 1000,
    reason: 'expired',
  })
  expect(await statusOf({ outcome: 'revoked', claims: issuedAgo(500) })).toEqual({
    valid: false,
    needsRefresh: false,
    secondsLeft: 1300,
    expiresAtMs: NOW_MS + 1_300_000,
    reason: 'revoked',
  })
})

test.each(['missing', 'invalid'] as const)('a token that is %s is a 401', async (outcome) => {
  await expect(statusOf({ outcome })).rejects.toMatchObject({ code: `access_token_${outcome}` })
})

test('a token that is revoked and expired counts as revoked', async () => {
  const revocations = aRevocationList()
  const check = createCheckAccessToken({
    verify: async () => ({ outcome: 'expired', claims: issuedAgo(1801) }),
    revocations,
    roleChanges: { isStale: () => false },
  })
  expect((await check('jwt')).outcome).toBe('expired')
  revocations.add(SESSION_ID)
  expect((await check('jwt')).outcome).toBe('revoked')
  expect(await check(undefined)).toEqual({ outcome: 'missing' })
})

test('a token with a role from before a change counts as expired, and one with the new role does not', async () => {
  const revocations = aRevocationList()
  const change = { role: 'viewer' }
  const verify = async () => ({ outcome: 'valid', claims: issuedAgo(500) }) as const
  const check = createCheckAccessToken({
    verify,
    revocations,
    roleChanges: { isStale: ({ sub, role }) => sub === USER_ID && role !== change.role },
  })
  const stale = await check('jwt')
  expect(stale).toEqual({ outcome: 'expired', claims: issuedAgo(500) })
  expect(await statusOf(stale)).toEqual({
    valid: false,
    needsRefresh: true,
    secondsLeft: 0,
    expiresAtMs: NOW_MS,
    reason: 'expired',
  })
  change.role = 'user'
  expect((await check('jwt')).outcome).toBe('valid')
  revocations.add(SESSION_ID)
  change.role = 'viewer'
  expect((await check('jwt')).outcome).toBe('revoked')
})
