import { InspectRequest, RotateRequest, type PeekResult } from '@auto-refresh/contracts'
import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import {
  aRevocationList,
  aSession,
  aTokenStore,
  aUser,
  context,
  SESSION_ID,
} from '../../testing/fakes.ts'
import { createIntrospect } from './introspect.ts'

const claims = { sid: SESSION_ID } as Extract<AccessTokenCheck, { claims: unknown }>['claims']
const session = aSession()
const INACTIVE = { outcome: 'inactive' }

function setUp({
  check = { outcome: 'invalid' },
  peeked = { outcome: 'rotated', session },
  user = aUser(),
}: {
  check?: AccessTokenCheck
  peeked?: PeekResult
  user?: ReturnType<typeof aUser>
} = {}) {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockResolvedValue(peeked)
  const revocations = aRevocationList()
  const introspect = createIntrospect({
    checkAccessToken: async () => check,
    tokenStore,
    knownUsers: { find: async () => user },
    revocations,
    accessTtlSeconds: 1800,
  })
  const ask = (mayBeRefreshToken: boolean, token = 't') =>
    introspect({ token, mayBeRefreshToken, context })
  return { ask, tokenStore, revocations }
}

test('a valid access token is active, whatever the caller expects', async () => {
  const { ask } = setUp({ check: { outcome: 'valid', claims } })
  for (const hint of [true, false])
    expect(await ask(hint)).toEqual({ outcome: 'access_token', claims })
})

test.each(['expired', 'revoked'] as const)(
  'an access token that is %s is inactive',
  async (outcome) => {
    const { ask } = setUp({ check: { outcome, claims } })
    for (const hint of [true, false]) expect(await ask(hint)).toEqual(INACTIVE)
  },
)

test('a refresh token is inactive for a caller that asks about access tokens only', async () => {
  const { ask, tokenStore } = setUp()
  expect(await ask(false)).toEqual(INACTIVE)
  expect(tokenStore.peek).not.toHaveBeenCalled()
  expect(await ask(true)).toMatchObject({ outcome: 'refresh_token', session, user: aUser() })
})

test.each(['rotated', 'replayed', 'regressed'] as const)(
  'a refresh token that would be %s is active',
  async (outcome) => {
    const { ask } = setUp({ peeked: { outcome, session } })
    expect(await ask(true)).toMatchObject({ outcome: 'refresh_token' })
  },
)

test.each<PeekResult>([
  { outcome: 'invalid', mac: false },
  { outcome: 'invalid', mac: true },
  { outcome: 'expired' },
  { outcome: 'revoked', sessionId: SESSION_ID, reason: 'logout' },
  { outcome: 'reused', sessionId: SESSION_ID, userId: aUser().id },
])('a refresh token that would be %o is inactive, and nothing changes', async (peeked) => {
  const { ask, revocations } = setUp({ peeked })
  expect(await ask(true)).toEqual(INACTIVE)
  expect(revocations.revoked.size).toBe(0)
})

test('a session that rotates too often is still active', async () => {
  const { ask, tokenStore } = setUp({ peeked: { outcome: 'rate_limited', retryAfterSeconds: 9 } })
  tokenStore.inspect.mockResolvedValueOnce({ outcome: 'found', active: true, session })
  expect(await ask(true)).toMatchObject({ outcome: 'refresh_token' })
  tokenStore.inspect.mockResolvedValueOnce({ outcome: 'found', active: false, session })
  expect(await ask(true)).toEqual(INACTIVE)
})

test.each([1025, 8192])(
  'a token of %i characters is one that token-store can read',
  async (length) => {
    const { ask, tokenStore } = setUp({ peeked: { outcome: 'rate_limited', retryAfterSeconds: 9 } })
    tokenStore.inspect.mockResolvedValueOnce({ outcome: 'invalid' })
    expect(await ask(true, 'x'.repeat(length))).toEqual(INACTIVE)
    expect(Value.Check(RotateRequest, tokenStore.peek.mock.calls[0]?.[0])).toBe(true)
    expect(Value.Check(InspectRequest, tokenStore.inspect.mock.calls[0]?.[0])).toBe(true)
  },
)

test.each(['unknown_kid', 'unknown_session'] as const)('%s is our failure', async (outcome) => {
  const { ask } = setUp({ peeked: { outcome } })
  await expect(ask(true)).rejects.toMatchObject({ code: 'unavailable' })
})

test.each([
  ['a disabled user', aUser({ active: false })],
  ['a user who signed out everywhere', aUser({ version: 2 })],
])('a refresh token of %s is inactive', async (_, user) => {
  expect(await setUp({ user }).ask(true)).toEqual(INACTIVE)
})

test('a refresh token of a revoked session is inactive at once', async () => {
  const { ask, revocations } = setUp()
  revocations.add(SESSION_ID)
  expect(await ask(true)).toEqual(INACTIVE)
})
