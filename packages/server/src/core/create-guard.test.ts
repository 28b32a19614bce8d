import { CodedError, type AccessTokenClaims } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import { createGuard } from './create-guard.ts'
import type { AccessTokenCheck, GuardRequest } from './guard.ts'
import type { Renewal } from './renewal.ts'

const CLAIMS = { sub: 'u', sid: 's', username: 'ann', role: 'user' } as AccessTokenClaims
const CHECKS: Record<string, AccessTokenCheck> = {
  live: { outcome: 'valid', claims: CLAIMS },
  expired: { outcome: 'expired', claims: CLAIMS },
  revoked: { outcome: 'revoked', claims: CLAIMS },
}

function toRequest(access: string | undefined, headers: Record<string, string> = {}): GuardRequest {
  const all = { ...(access === undefined ? {} : { authorization: access }), ...headers }
  return {
    url: '/cases',
    method: 'GET',
    protocol: 'https',
    hostname: 'app.example',
    headers: all,
    raw: { rawHeaders: Object.entries(all).flat(), httpVersion: '1.1' },
  }
}

function setUp() {
  const renew = vi.fn<Renewal['renew']>(async () => ({
    outcome: 'renewed',
    accessToken: 'a2',
    refreshToken: 'r2',
    idleUntilMs: 60_000,
  }))
  const guard = createGuard({
    checkAccessToken: async (token) => {
      if (token === 'bug') throw new TypeError('bug')
      return token === undefined
        ? { outcome: 'missing' }
        : (CHECKS[token] ?? { outcome: 'invalid' })
    },
    renewal: {
      peek: async () => ({ outcome: 'would_renew', user: { username: 'ann', role: 'admin' } }),
      renew,
    },
    isDue: () => false,
    cookie: { secure: 'auto', sameSite: 'lax' },
    clock: { nowMs: () => 0 },
  })
  return { guard, renew }
}

test('with an optional user only a request without any access token is anonymous', async () => {
  const { guard } = setUp()
  const outcomeOf = async (access: string | undefined, headers = {}) => {
    const decision = await guard.check(toRequest(access, headers), 'optional')
    return decision.outcome === 'refused' ? decision.error.code : decision.outcome
  }
  expect(await outcomeOf(undefined)).toBe('anonymous')
  expect(await outcomeOf(undefined, { cookie: 'refresh_token=art_r1' })).toBe('anonymous')
  expect(await outcomeOf('Bearer null')).toBe('anonymous')
  expect(await outcomeOf('Bearer expired')).toBe('access_token_expired')
  expect(await outcomeOf('Bearer revoked')).toBe('access_token_revoked')
  expect(await outcomeOf('Bearer forged')).toBe('access_token_invalid')
  expect(await outcomeOf('Bearer expired', { 'x-refresh-token': 'r1' })).toBe('accepted')
  expect(await guard.check(toRequest(undefined))).toMatchObject({
    outcome: 'refused',
    error: { code: 'access_token_missing' },
  })
})

test('nothing is spent until the head of a response leaves, and two answers spend one token', async () => {
  const { guard, renew } = setUp()
  const request = toRequest('Bearer expired', { 'x-refresh-token': 'r1' })
  const decision = await guard.check(request)
  if (decision.outcome !== 'accepted') return expect.unreachable()
  expect([decision.user.role, renew.mock.calls]).toEqual(['admin', []])
  const fields = await decision.renewal?.({ exposedHeaders: 'x-total' })
  expect(fields).toEqual([
    [
      'access-control-expose-headers',
      'x-total, x-token-refreshed, x-new-access-token, x-new-refresh-token',
    ],
    ['cache-control', 'no-store, private'],
    ['x-token-refreshed', 'true'],
    ['x-new-access-token', 'a2'],
    ['x-new-refresh-token', 'r2'],
  ])
  expect(await decision.renewal?.({ exposedHeaders: undefined })).toBe(fields)
  expect(renew).toHaveBeenCalledTimes(1)
})

test('a refresh token that came by cookie returns as a cookie of the public host', async () => {
  const { guard } = setUp()
  const decision = await guard.check(
    toRequest('Bearer expired', { cookie: 'refresh_token=art_r1' }),
  )
  if (decision.outcome !== 'accepted') return expect.unreachable()
  const fields = (await decision.renewal?.({ exposedHeaders: undefined })) ?? []
  expect(fields.filter(([name]) => name === 'set-cookie')).toEqual([
    ['set-cookie', expect.stringMatching(/^__Host-refresh_token=r2; Max-Age=60; .*Secure/)],
    ['set-cookie', expect.stringContaining('refresh_token=; Max-Age=0')],
    ['set-cookie', expect.stringContaining('Domain=app.example')],
  ])
  expect(fields.map(([name]) => name)).not.toContain('x-new-refresh-token')
})

test('a bug in the verifier is no refusal of the token', async () => {
  const { guard } = setUp()
  await expect(guard.check(toRequest('Bearer bug'))).rejects.not.toBeInstanceOf(CodedError)
})
