import { describe, expect, test } from 'vitest'
import { aSession, aUser, NOW_MS, SESSION_ID, USER_ID } from '../testing/fakes.ts'
import { toAccessTokenClaims } from './access-token-claims.ts'
import { secondsLeft } from './seconds-left.ts'
import { checkSessionUser } from './check-session-user.ts'

const policy = { issuer: 'https://auth.example', audience: 'api', accessTtlSeconds: 1800 }
const claimsAt = (nowMs: number, session = aSession()) =>
  toAccessTokenClaims({ session, user: aUser({ role: 'admin' }), policy, nowMs, jti: 'j' })

describe('the claims of an access token', () => {
  test('have the current name and role, and the session', () => {
    expect(claimsAt(NOW_MS)).toEqual({
      iss: 'https://auth.example',
      sub: aUser().id,
      aud: 'api',
      exp: NOW_MS / 1000 + 1800,
      iat: NOW_MS / 1000,
      jti: 'j',
      client_id: 'first-party',
      sid: aSession().id,
      username: 'Ada',
      role: 'admin',
      auth_time: NOW_MS / 1000 - 60,
      session_exp: NOW_MS / 1000 + 86_400,
      amr: ['pwd'],
    })
  })

  test('say how and when another system authenticated the user', () => {
    const session = aSession({ amr: ['pwd', 'otp'], authTimeMs: NOW_MS - 3_600_000 })
    expect(claimsAt(NOW_MS, session)).toMatchObject({
      amr: ['pwd', 'otp'],
      auth_time: NOW_MS / 1000 - 3600,
    })
    expect(claimsAt(NOW_MS, aSession({ amr: [] }))).not.toHaveProperty('amr')
  })

  test("have the user's own claims", () => {
    const user = aUser({ claims: { tenant: 't1' } })
    const claims = toAccessTokenClaims({
      session: aSession(),
      user,
      policy,
      nowMs: NOW_MS,
      jti: 'j',
    })
    expect(claims.claims).toEqual({ tenant: 't1' })
    expect(claimsAt(NOW_MS)).not.toHaveProperty('claims')
  })

  test('never expire after the session', () => {
    const session = aSession({ expiresAtMs: NOW_MS + 10_999 })
    expect(claimsAt(NOW_MS, session)).toMatchObject({
      exp: NOW_MS / 1000 + 10,
      session_exp: NOW_MS / 1000 + 10,
    })
  })

  test('are whole seconds at any clock reading', () => {
    const claims = claimsAt(NOW_MS + 999)
    for (const value of [claims.exp, claims.iat, claims.auth_time, claims.session_exp])
      expect(value).toSatisfy(Number.isInteger)
  })
})

test('seconds left are whole and never negative', () => {
  expect(secondsLeft({ exp: NOW_MS / 1000 + 2 }, NOW_MS + 1)).toBe(1)
  expect(secondsLeft({ exp: NOW_MS / 1000 - 2 }, NOW_MS)).toBe(0)
})

describe('the current state of its user decides about a session', () => {
  test.each([
    ['active', aUser({ version: 3 })],
    ['active', aUser({ version: 2 })],
    ['revoked', aUser({ version: 4 })],
    ['user_inactive', aUser({ active: false, version: 4 })],
    ['user_inactive', undefined],
  ] as const)('%s (%#)', (outcome, user) => {
    expect(checkSessionUser(user, { id: SESSION_ID, userVersion: 3 }).outcome).toBe(outcome)
  })

  test('the session that changed the password stays, before token-store knows of it', () => {
    const user = aUser({ version: 4, keptSessionId: SESSION_ID })
    const outcomeOf = (session: { id: string; userVersion: number }) =>
      checkSessionUser(user, session).outcome
    expect(outcomeOf({ id: SESSION_ID, userVersion: 3 })).toBe('active')
    expect(outcomeOf({ id: SESSION_ID, userVersion: 2 })).toBe('revoked')
    expect(outcomeOf({ id: USER_ID, userVersion: 3 })).toBe('revoked')
    expect(
      checkSessionUser({ ...user, active: false }, { id: SESSION_ID, userVersion: 3 }).outcome,
    ).toBe('user_inactive')
  })
})
