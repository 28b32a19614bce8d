import type { ApiKey } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import type { OpenExternalSessionResult } from '../../use-cases/sign-in/open-external-session.ts'
import { openTestApp, PAIR } from '../../testing/open-test-app.ts'
import type { HttpSettings } from './http-deps.ts'

const key = (name: string, letter: string, ...scopes: ApiKey['scopes']): ApiKey => ({
  name,
  scopes,
  secret: letter.repeat(32),
})
const settings: Partial<HttpSettings> = {
  apiKeys: [
    key('shop', 's', 'sessions:create'),
    key('office', 'o', 'sessions:create', 'admin:write'),
    key('reader', 'r', 'revocations:read', 'tokens:refresh', 'admin:read', 'admin:write'),
  ],
}
const SHOP = { authorization: `Bearer ${'s'.repeat(32)}` }
const body = {
  user: {
    external_id: 'users/1084',
    username: 'ayu@example.com',
    role: 'editor',
    claims: { tenant: 't1', teams: ['a'] },
  },
  client: { address: '203.0.113.9', agent: 'phone\u0007' },
  authenticated_at: 1_799_999_000,
  amr: ['pwd', 'otp'],
}
const minimal = {
  user: { external_id: 'users/1084' },
  client: { address: '203.0.113.9', agent: 'phone' },
}
const OPEN = { method: 'POST', url: '/api/v1/auth/sessions' } as const

test('a back end gets a pair like a sign-in, with the user, the place and the time that it states', async () => {
  const { app, calls } = openTestApp({ settings })
  const answer = await app.inject({ ...OPEN, headers: SHOP, payload: body })
  expect([answer.statusCode, answer.json()]).toEqual([
    200,
    {
      status: 200,
      message: 'Login Successfully',
      data: {
        access_token: PAIR.accessToken,
        refresh_token: PAIR.refreshToken,
        token_type: 'bearer',
        expires_in: 1800,
      },
    },
  ])
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store, private' })
  expect(answer.headers).not.toHaveProperty('set-cookie')
  expect(calls).toEqual([
    {
      name: 'openExternalSession',
      request: {
        user: {
          externalId: 'users/1084',
          username: 'ayu@example.com',
          role: 'editor',
          claims: { tenant: 't1', teams: ['a'] },
        },
        protectedRoles: ['auditor', 'admin'],
        method: 'external',
        actor: { kind: 'key', name: 'shop' },
        amr: ['pwd', 'otp'],
        authenticatedAtMs: 1_799_999_000_000,
        context: {
          actor: { kind: 'key', name: 'shop' },
          address: '203.0.113.9',
          block: '203.0.113.9/32',
          network: '203.0.113.0/24',
          agent: 'phone',
          straightFromLoopback: false,
        },
      },
    },
  ])
})

test('only an id and the client are required; a key that administers may open sessions of administrators', async () => {
  const { app, calls } = openTestApp({ settings })
  const headers = { authorization: `Bearer ${'o'.repeat(32)}` }
  expect((await app.inject({ ...OPEN, headers, payload: minimal })).statusCode).toBe(200)
  expect(calls).toMatchObject([
    { request: { user: { externalId: 'users/1084' }, protectedRoles: ['auditor'], amr: [] } },
  ])
})

describe('with transport cookie the refresh token is only in Set-Cookie', () => {
  const payload = { ...minimal, transport: 'cookie' }
  test.each([
    ['https://auth.example.com', 'auto', '__Host-refresh_token=refresh-1', true],
    ['http://localhost:8000', 'auto', 'refresh_token=refresh-1', false],
    ['https://auth.example.com', 'false', 'refresh_token=refresh-1', false],
  ] as const)('issuer %s, COOKIE_SECURE=%s: %s', async (issuer, secure, start, isSecure) => {
    const cookie = { secure, sameSite: 'lax' } as const
    const { app } = openTestApp({ settings: { ...settings, issuer, cookie } })
    const request = { ...OPEN, payload, headers: { ...SHOP, host: 'localhost:8000' } }
    const answer = await app.inject(request)
    const set = String(answer.headers['set-cookie'])
    expect([answer.statusCode, set.split(';')[0], set.includes('Secure')]).toEqual([
      200,
      start,
      isSecure,
    ])
    expect(answer.json().data).not.toHaveProperty('refresh_token')
  })

  test('no page can have it set: without the key nothing is', async () => {
    const { app, calls } = openTestApp({ settings })
    const headers = { origin: 'https://evil.example', cookie: 'refresh_token=art_x' }
    const answer = await app.inject({ ...OPEN, payload, headers })
    expect([answer.statusCode, answer.headers['set-cookie'], calls]).toEqual([401, undefined, []])
  })
})

describe('refusals', () => {
  const ask = async (result: OpenExternalSessionResult) => {
    const { app } = openTestApp({
      settings,
      useCases: { openExternalSession: async () => result },
    })
    const answer = await app.inject({ ...OPEN, headers: SHOP, payload: body })
    const { status, error } = answer.json()
    expect(status).toBe(answer.statusCode)
    return [status, error.code, error.retryable, answer.headers['retry-after']]
  }
  test('a disabled user is a 403, because the key is right', async () => {
    expect(await ask({ outcome: 'user_inactive' })).toEqual([
      403,
      'user_inactive',
      false,
      undefined,
    ])
  })
  test('a role that the key may not assign is a 403', async () => {
    expect(await ask({ outcome: 'role_protected' })).toEqual([
      403,
      'insufficient_scope',
      false,
      undefined,
    ])
  })
  test('too many sessions of a user are a 429', async () => {
    expect(await ask({ outcome: 'rate_limited', retryAfterSeconds: 7 })).toEqual([
      429,
      'rate_limited',
      true,
      '7',
    ])
  })
})

test.each<[string, object, number, string]>([
  ['no key', {}, 401, 'invalid_api_key'],
  ['an unknown key', { authorization: `Bearer ${'x'.repeat(32)}` }, 401, 'invalid_api_key'],
  ['an access token', { authorization: 'Bearer live' }, 401, 'invalid_api_key'],
  ['other scopes', { authorization: `Bearer ${'r'.repeat(32)}` }, 403, 'insufficient_scope'],
])('with %s nothing happens', async (_, headers, status, code) => {
  const { app, calls, lines } = openTestApp({ settings })
  for (const payload of [body, {}, '{']) {
    const answer = await app.inject({
      ...OPEN,
      payload,
      headers: { ...headers, 'content-type': 'application/json' },
    })
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code])
  }
  expect([calls, lines]).toEqual([[], []])
})

const withUser = (change: object) => ({ ...body, user: { ...body.user, ...change } })
test.each<[string, object | string]>([
  ['nothing', ''],
  ['no user', { client: body.client }],
  ['no client', { user: body.user }],
  ['no external id', withUser({ external_id: undefined })],
  ['an empty external id', withUser({ external_id: '' })],
  ['an external id of 256 characters', withUser({ external_id: 'x'.repeat(256) })],
  ['a number as external id', withUser({ external_id: 1084 })],
  ['NUL in the external id', withUser({ external_id: 'a\0' })],
  ['half a character in the external id', withUser({ external_id: '\ud800' })],
  ['an empty name', withUser({ username: '' })],
  ['a name of 129 characters', withUser({ username: 'x'.repeat(129) })],
  ['a list as role', withUser({ role: ['admin'] })],
  ['an odd role', withUser({ role: 'Admin' })],
  ['a list as claims', withUser({ claims: ['a'] })],
  ['a text as claims', withUser({ claims: 'a' })],
  ['a claim named __proto__', JSON.stringify(body).replace('"tenant"', '"__proto__"')],
  ['a claim twice', JSON.stringify(body).replace('"teams"', '"tenant"')],
  ['deep claims', withUser({ claims: { a: { b: { c: {} } } } })],
  ['a password', withUser({ password: 'x' })],
  ['an internal id', withUser({ id: 'x' })],
  ['a date as text', { ...body, authenticated_at: '2026-11-01' }],
  ['a fraction of a second', { ...body, authenticated_at: 1.5 }],
  ['a text as amr', { ...body, amr: 'pwd' }],
  ['spaces in amr', { ...body, amr: ['pwd otp'] }],
  ['an empty amr', { ...body, amr: [''] }],
  ['eleven methods', { ...body, amr: Array.from({ length: 11 }, () => 'pwd') }],
  ['an unknown transport', { ...body, transport: 'header' }],
  ['an unknown property', { ...body, expires_in: 1 }],
])('%s is a 400 and reaches no use case', async (_, payload) => {
  const { app, calls, lines } = openTestApp({ settings })
  const headers = { ...SHOP, 'content-type': 'application/json' }
  const answer = await app.inject({ ...OPEN, headers, payload })
  expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'invalid_request'])
  expect([calls, lines]).toEqual([[], []])
})

test('a body of more than 8 KiB is a 413', async () => {
  const { app, calls } = openTestApp({ settings })
  const payload = withUser({ claims: { a: 'x'.repeat(9000) } })
  const answer = await app.inject({ ...OPEN, headers: SHOP, payload })
  expect([answer.statusCode, calls]).toEqual([413, []])
})
