import type { AccessTokenClaims, InspectResult } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import type { User } from '../../ports/users.ts'
import { aSession, aTokenStore, aUser, NOW_MS, SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { createCheckAdministrator } from './check-administrator.ts'

// The role of the token never counts.
const claims = {
  sub: USER_ID,
  sid: SESSION_ID,
  role: 'admin',
  auth_time: NOW_MS / 1000 - 900,
} as AccessTokenClaims
const ACTIVE: InspectResult = { outcome: 'found', active: true, session: aSession() }

function setUp({
  access = { outcome: 'valid', claims },
  users = [aUser({ role: 'admin' })],
  session = ACTIVE,
}: { access?: AccessTokenCheck; users?: readonly User[]; session?: InspectResult } = {}) {
  const tokenStore = aTokenStore()
  tokenStore.inspect.mockResolvedValue(session)
  const check = createCheckAdministrator({
    checkAccessToken: async () => access,
    users: { findByIds: async () => [...users] },
    tokenStore,
    clock: { nowMs: () => NOW_MS },
  })
  const identified = vi.fn<(who: { userId: string; sessionId: string }) => void>()
  const outcomeOf = (needed: 'read' | 'write') =>
    check('token', needed, identified).then(
      () => USER_ID,
      (error: { code: string }) => error.code,
    )
  return { tokenStore, outcomeOf, identified }
}

test.each([
  ['admin', USER_ID, USER_ID],
  ['auditor', USER_ID, 'forbidden'],
  ['user', 'forbidden', 'forbidden'],
  ['Admin', 'forbidden', 'forbidden'],
])('the current role %s decides, not that of the token', async (role, read, write) => {
  const { outcomeOf } = setUp({ users: [aUser({ role })] })
  expect([await outcomeOf('read'), await outcomeOf('write')]).toEqual([read, write])
})

test.each<[string, AccessTokenCheck, string]>([
  ['no', { outcome: 'missing' }, 'access_token_missing'],
  ['a forged', { outcome: 'invalid' }, 'access_token_invalid'],
  ['an expired', { outcome: 'expired', claims }, 'access_token_expired'],
  ['a revoked', { outcome: 'revoked', claims }, 'access_token_revoked'],
  ['a retired', { outcome: 'retired' }, 'access_token_expired'],
])('%s token is refused', async (_, access, code) => {
  const { outcomeOf, identified } = setUp({ access })
  expect(await outcomeOf('read')).toBe(code)
  const who = 'claims' in access ? [[{ userId: USER_ID, sessionId: SESSION_ID }]] : []
  expect(identified.mock.calls).toEqual(who)
})

test('a disabled or erased administrator is refused at once', async () => {
  for (const users of [[], [aUser({ role: 'admin', active: false })]])
    expect(await setUp({ users }).outcomeOf('read')).toBe('user_inactive')
})

test.each<[string, InspectResult]>([
  ['has ended', { ...ACTIVE, active: false }],
  ['is unknown', { outcome: 'not_found' }],
  ['is of another user', { ...ACTIVE, session: aSession({ userId: SESSION_ID }) }],
])('a session that %s cannot write, before the revocation list has it', async (_, session) => {
  const { outcomeOf } = setUp({ session })
  expect(await outcomeOf('write')).toBe('access_token_revoked')
})

test('a session of an older version cannot write, before token-store has the revocation', async () => {
  const { version } = aUser()
  const users = [aUser({ role: 'admin', version: version + 1 })]
  expect(await setUp({ users }).outcomeOf('write')).toBe('access_token_revoked')
  const kept = [aUser({ role: 'admin', version: version + 1, keptSessionId: SESSION_ID })]
  expect(await setUp({ users: kept }).outcomeOf('write')).toBe(USER_ID)
})

test('a write needs a sign-in in the last 15 minutes, a read does not', async () => {
  const older = { ...claims, auth_time: claims.auth_time - 1 }
  const { tokenStore, outcomeOf } = setUp({ access: { outcome: 'valid', claims: older } })
  expect([await outcomeOf('read'), await outcomeOf('write')]).toEqual([
    USER_ID,
    'recent_sign_in_required',
  ])
  expect(tokenStore.inspect).not.toHaveBeenCalled()
})

test('a read does not depend on token-store', async () => {
  const { tokenStore, outcomeOf } = setUp()
  expect(await outcomeOf('read')).toBe(USER_ID)
  expect(tokenStore.inspect).not.toHaveBeenCalled()
})
