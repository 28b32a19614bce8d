import { describe, expect, test } from 'vitest'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import {
  NOW_SECONDS,
  openTestApp,
  reuseTestApp,
  SESSION,
  USER,
} from '../../testing/open-test-app.ts'
import type { HttpSettings } from './http-deps.ts'

const VERIFY = '/api/v1/auth/verify'
const GET = { 'x-forwarded-method': 'GET' }
const POST = { 'x-forwarded-method': 'POST' }
const OWN_REFRESH_TOKEN = 'art_AQEBmMGgAABwAIAAAAAAAAACAAAAAAAAAAAA'
const OTHER_REFRESH_TOKEN = 'art_AQEBmMGgAABwAIAAAAAAAAAJAAAAAAAAAAAA'
type Headers = Record<string, string>

async function verify(headers: Headers, query = '', settings: Partial<HttpSettings> = {}) {
  const { app } = reuseTestApp(settings)
  const answer = await app.inject({ url: VERIFY + query, headers })
  const code = answer.body === '' ? undefined : String(answer.json().error.code)
  return { ...answer, code }
}
const statusAndCode = async (...asked: Parameters<typeof verify>) => {
  const { statusCode, code } = await verify(...asked)
  return code === undefined ? statusCode : `${statusCode} ${code}`
}

test('a proxy receives the identity in headers, and an empty body', async () => {
  const answer = await verify({ authorization: 'Bearer live' })
  expect([answer.statusCode, answer.body, answer.headers['content-length']]).toEqual([200, '', '0'])
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store, private',
    'x-auth-user': USER,
    'x-auth-username': 'ann',
    'x-auth-role': 'user',
    'x-auth-session': SESSION,
  })
  expect(answer.headers['set-cookie']).toBeUndefined()
  const head = await reuseTestApp().app.inject({
    method: 'HEAD',
    url: VERIFY,
    headers: { authorization: 'Bearer live' },
  })
  expect([head.statusCode, head.headers['x-auth-user']]).toEqual([200, USER])
})

test.each([
  ['ann lee', 'ann lee'],
  ['100%', '100%25'],
  ['zoë\r\nx-auth-role: admin', 'zo%C3%AB%0D%0Ax-auth-role: admin'],
  ['王\u{1F600}', '%E7%8E%8B%F0%9F%98%80'],
  ['half \ud800', 'half %EF%BF%BD'],
])('the name %j is safe header text', async (username, text) => {
  const { app } = openTestApp({ useCases: { checkAccessToken: async () => check({ username }) } })
  const { headers } = await app.inject({ url: VERIFY, headers: { authorization: 'Bearer t' } })
  expect([headers['x-auth-username'], headers['x-auth-role']]).toEqual([text, 'user'])
  expect(decodeURIComponent(text)).toBe(username.toWellFormed())
})

test('a due token passes, and every other one has its own refusal', async () => {
  const codes = await Promise.all(
    ['live', 'due', 'expired', 'revoked', 'forged'].map((token) =>
      Promise.all([
        statusAndCode({ authorization: `Bearer ${token}` }),
        statusAndCode({ ...GET, cookie: `access_token=${token}` }),
      ]),
    ),
  )
  const refused = ['expired', 'revoked', 'invalid'].map((why) => `401 access_token_${why}`)
  expect(codes).toEqual([200, 200, ...refused].map((seen) => [seen, seen]))
  expect(await statusAndCode({})).toBe('401 access_token_missing')
  expect(await statusAndCode({ ...GET, cookie: 'access_token=' })).toBe('401 access_token_missing')
  expect((await verify({})).headers['www-authenticate']).toBe('Bearer')
})

test('only the role of the query passes, and the query alone decides', async () => {
  const admin = { authorization: 'Bearer live-admin' }
  expect(await statusAndCode(admin, '?role=admin')).toBe(200)
  expect(await statusAndCode({ authorization: 'Bearer live' }, '?role=admin')).toBe('403 forbidden')
  expect(await statusAndCode({}, '?role=admin')).toBe('401 access_token_missing')
  // A proxy that appends the query of its client would let the client choose.
  for (const query of ['?role=admin&role=user', '?role=', '?role=user&page=2', '?refresh=header'])
    expect([query, await statusAndCode(admin, query)]).toEqual([query, '400 invalid_request'])
})

describe('access tokens in cookies', () => {
  test('the header wins, also over a better cookie', async () => {
    const cookie = 'access_token=live-admin'
    expect((await verify({ authorization: 'Bearer live', cookie })).headers['x-auth-role']).toBe(
      'user',
    )
    expect(await statusAndCode({ authorization: 'Bearer expired', cookie })).toBe(
      '401 access_token_expired',
    )
  })

  test('beside a __Host- cookie the plain one, which a sibling host can set, does not count', async () => {
    const cookie = 'access_token=live-admin; __Host-access_token=live'
    expect((await verify({ ...GET, cookie })).headers['x-auth-role']).toBe('user')
  })

  test('of several cookies a valid one counts', async () => {
    const cookie = 'access_token=revoked; access_token=forged; access_token=live'
    expect(await statusAndCode({ ...GET, cookie })).toBe(200)
  })

  test('one of another session than the refresh cookie was left by an earlier sign-in', async () => {
    const cookie = (refreshToken: string) => `access_token=live; refresh_token=${refreshToken}`
    const seen = [OWN_REFRESH_TOKEN, OTHER_REFRESH_TOKEN, 'art_unreadable'].map((refreshToken) =>
      statusAndCode({ ...GET, cookie: cookie(refreshToken) }),
    )
    expect(await Promise.all(seen)).toEqual([200, '401 access_token_missing', 200])
  })

  test.each(['me', 'sessions', 'notices'])('%s does not accept them', async (path) => {
    const { app } = reuseTestApp()
    const headers = { ...GET, cookie: 'access_token=live; __Host-access_token=live' }
    const answer = await app.inject({ url: `/api/v1/auth/${path}`, headers })
    expect(answer.json().error.code).toBe('access_token_missing')
  })
})

describe('a foreign page cannot use the cookies', () => {
  const cookie = 'access_token=live'
  const refused = '403 csrf_rejected'
  const trusting = { trustedProxies: ['127.0.0.1'] }
  const forwarded = { 'x-forwarded-host': 'app.example', 'x-forwarded-proto': 'https' }

  test.each<[string, Headers, string | number, Partial<HttpSettings>?]>([
    ['a navigation', { ...GET, 'sec-fetch-site': 'cross-site' }, 200],
    ['nginx, a navigation', { 'x-original-method': 'GET' }, 200],
    ['OPTIONS', { 'x-forwarded-method': 'OPTIONS' }, 200],
    ['no method, so it may be a POST', {}, refused],
    ['a POST without Origin', POST, refused],
    ['a POST with a GET of the client', { ...GET, 'x-original-method': 'POST' }, refused],
    ['two methods', { 'x-forwarded-method': 'GET, POST' }, refused],
    ['a POST of another site', { ...POST, origin: 'https://evil.example' }, refused],
    ['a POST of a sandboxed frame', { ...POST, origin: 'null' }, refused],
    ['a POST of a sibling host', { ...POST, 'sec-fetch-site': 'same-site' }, refused],
    ['a WebSocket', { ...GET, upgrade: 'websocket', origin: 'https://evil.example' }, refused],
    [
      'a WebSocket whose proxy drops Upgrade',
      { ...GET, 'sec-websocket-key': 'dGhlIHNhbXBsZQ==', origin: 'https://evil.example' },
      refused,
    ],
    ['a POST of the same origin', { ...POST, 'sec-fetch-site': 'same-origin' }, 200],
    ['a POST of the own host', { ...POST, host: 'a.example', origin: 'http://a.example' }, 200],
    [
      'a POST of the forwarded host',
      { ...POST, ...forwarded, origin: 'https://app.example' },
      200,
      trusting,
    ],
    [
      'a forwarded host of a proxy that is not trusted',
      { ...POST, ...forwarded, origin: 'https://app.example' },
      refused,
    ],
    [
      'a POST of a listed origin',
      { ...POST, origin: 'https://app.example' },
      200,
      { allowedOrigins: ['https://app.example'] },
    ],
    ['a program', { ...POST, 'x-auto-refresh': '1' }, 200],
  ])('%s', async (_, headers, seen, settings) => {
    expect(await statusAndCode({ cookie, ...headers }, '', settings)).toBe(seen)
  })

  test('a bearer token is a proof, other credentials that a browser attaches are not', async () => {
    expect(await statusAndCode({ ...POST, cookie, authorization: 'Bearer live' })).toBe(200)
    expect(await statusAndCode({ ...POST, cookie, authorization: 'Basic YTpi' })).toBe(refused)
    expect(await statusAndCode({ ...POST, cookie, authorization: 'Bearer' })).toBe(refused)
  })

  test('the refusal tells the operator which header the proxy must send', async () => {
    expect((await verify({ cookie })).json().message).toContain('X-Original-Method')
  })
})

const check = (claims: { username: string }): AccessTokenCheck => ({
  outcome: 'valid',
  claims: {
    iss: 'http://localhost:8000',
    sub: USER,
    aud: 'auto-refresh',
    exp: NOW_SECONDS + 1800,
    iat: NOW_SECONDS,
    jti: 'j',
    client_id: 'first-party',
    sid: SESSION,
    role: 'user',
    auth_time: NOW_SECONDS - 60,
    session_exp: NOW_SECONDS + 86_400,
    ...claims,
  },
})
