import { expect, test } from 'vitest'
import { toAuthentication, toExternalUser, type TrustedIssuer } from './trusted-issuer.ts'

const issuer: TrustedIssuer = {
  issuer: 'https://idp.example',
  audiences: ['app'],
  usernameClaim: 'preferred_username',
}
const roles = { claim: 'groups', map: [['boss', 'admin'] as const, ['staff', 'editor'] as const] }
const userOf = (claims: object, more: Partial<TrustedIssuer> = {}) =>
  toExternalUser({ ...issuer, ...more }, { sub: '7', ...claims }, 'user')

test('two issuers with the same subject are two users', () => {
  expect(userOf({}).externalId).toBe('https://idp.example#7')
  expect(userOf({}, { issuer: 'https://other.example' }).externalId).toBe('https://other.example#7')
})

test.each([
  [{ preferred_username: 'Ayu' }, 'Ayu'],
  [{}, undefined],
  [{ preferred_username: '' }, undefined],
  [{ preferred_username: ['Ayu'] }, undefined],
  [{ preferred_username: '\ud800' }, undefined],
  [{ preferred_username: 'x'.repeat(129) }, undefined],
  [{ preferred_username: 'a\u202eb' }, undefined],
])('the name of %o is %s', (claims, username) => {
  expect(userOf(claims).username).toBe(username)
})

test.each([
  [{ groups: 'boss' }, 'admin'],
  [{ groups: ['staff', 'boss'] }, 'admin'],
  [{ groups: ['staff'] }, 'editor'],
  [{ groups: ['other'] }, 'user'],
  [{ groups: { boss: true } }, 'user'],
  [{}, 'user'],
])('the role of %o is that of the first mapped value, else the default', (claims, role) => {
  expect(userOf(claims, { roles }).role).toBe(role)
})

test('without a map the role is left to us', () => {
  expect(userOf({ role: 'admin', groups: 'boss' })).not.toHaveProperty('role')
})

test('a claim may be nested, or have dots in its name, but is never inherited', () => {
  const nested = { ...roles, claim: 'realm_access.roles' }
  expect(userOf({ realm_access: { roles: ['boss'] } }, { roles: nested }).role).toBe('admin')
  expect(userOf({ 'realm_access.roles': ['boss'] }, { roles: nested }).role).toBe('admin')
  expect(userOf({}, { usernameClaim: 'constructor.name' }).username).toBeUndefined()
})

test('time and methods of the authentication come from the token, as far as they are plausible', () => {
  const nowMs = 1_800_000_000_000
  expect(
    toAuthentication({ sub: '7', auth_time: 1_799_999_000, amr: ['pwd', 'otp'] }, nowMs),
  ).toEqual({ amr: ['pwd', 'otp'], authenticatedAtMs: 1_799_999_000_000 })
  expect(toAuthentication({ sub: '7', iat: 1_800_000_020, amr: 'pwd' }, nowMs)).toEqual({
    amr: [],
    authenticatedAtMs: nowMs,
  })
  const many = [1, 'a b', 'x'.repeat(33), ...Array.from({ length: 20 }, (_, n) => `m${n}`)]
  expect(toAuthentication({ sub: '7', auth_time: 'x', amr: many }, nowMs)).toEqual({
    amr: ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'],
    authenticatedAtMs: nowMs,
  })
})
