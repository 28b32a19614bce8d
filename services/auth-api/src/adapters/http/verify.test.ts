import { CodedError } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import {
  NOW_SECONDS,
  openTestApp,
  PAIR,
  reuseTestApp,
  SESSION,
  USER,
} from '../../testing/open-test-app.ts'
import type { ProxyRefreshResult } from '../../use-cases/refresh/refresh-for-proxy.ts'
import type { HttpSettings, UseCases } from './http-deps.ts'

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

test('a refusal repeats its code in a header, for proxies that cannot read the body', async () => {
  for (const token of ['expired', 'revoked', 'forged']) {
    const { headers, code } = await verify({ authorization: `Bearer ${token}` })
    expect(headers['x-auth-error']).toBe(code)
  }
  expect((await verify({ authorization: 'Bearer live' })).headers['x-auth-error']).toBeUndefined()
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
  for (const query of [
    '?role=admin&role=user',
    '?role=',
    '?role=user&page=2',
    '?refresh=header',
    '?refresh=cookie&refresh=cookie',
  ])
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

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)(
    'Envoy asks with the original method itself: %s',
    async (method) => {
      const ask = async (headers: Headers) =>
        (await reuseTestApp().app.inject({ method, url: VERIFY, headers })).statusCode
      expect(await ask({ cookie })).toBe(403)
      expect(await ask({ cookie, ...GET })).toBe(403)
      expect(await ask({ cookie, 'sec-fetch-site': 'same-origin' })).toBe(200)
      expect(await ask({ authorization: 'Bearer live', 'content-length': '0' })).toBe(200)
    },
  )

  test('a bearer token is a proof, other credentials that a browser attaches are not', async () => {
    expect(await statusAndCode({ ...POST, cookie, authorization: 'Bearer live' })).toBe(200)
    expect(await statusAndCode({ ...POST, cookie, authorization: 'Basic YTpi' })).toBe(refused)
    expect(await statusAndCode({ ...POST, cookie, authorization: 'Bearer' })).toBe(refused)
  })

  test('the refusal tells the operator which header the proxy must send', async () => {
    expect((await verify({ cookie })).json().message).toContain('X-Original-Method')
  })
})

describe('a refresh, where the proxy hands cookies to the browser', () => {
  const rotated: ProxyRefreshResult = {
    outcome: 'rotated',
    pair: { ...PAIR, accessToken: 'live' },
  }
  const both = (token: string) => `access_token=${token}; refresh_token=${OWN_REFRESH_TOKEN}`

  async function refresh(
    headers: Headers,
    result: ProxyRefreshResult | Error = rotated,
    { query = '?refresh=cookie', ...given }: Given = {},
  ) {
    const refreshForProxy = async () => {
      if (result instanceof Error) throw result
      return result
    }
    const { app, calls, lines } = openTestApp({ ...given, useCases: { refreshForProxy } })
    const answer = await app.inject({ url: VERIFY + query, headers: { ...GET, ...headers } })
    const seen =
      answer.body === ''
        ? answer.statusCode
        : `${answer.statusCode} ${answer.json().error.code as string}`
    return { ...answer, seen, calls, lines, cookies: [answer.headers['set-cookie'] ?? []].flat() }
  }
  type Given = Pick<NonNullable<Parameters<typeof openTestApp>[0]>, 'settings'> & { query?: string }

  test.each<[string, Headers, string | undefined]>([
    ['a due cookie', { cookie: both('due') }, SESSION],
    ['an expired cookie', { cookie: both('expired') }, SESSION],
    ['no access token', { cookie: `refresh_token=${OWN_REFRESH_TOKEN}` }, undefined],
    ['a forged cookie, which no script can remove', { cookie: both('forged') }, undefined],
    [
      'a due header',
      { authorization: 'Bearer due', cookie: `refresh_token=${OWN_REFRESH_TOKEN}` },
      SESSION,
    ],
  ])('%s is refreshed, and both cookies are set', async (_, headers, expectedSessionId) => {
    const { seen, calls, cookies, ...answer } = await refresh(headers)
    expect([seen, calls]).toEqual([
      200,
      [
        {
          name: 'refreshForProxy',
          request: {
            refreshToken: OWN_REFRESH_TOKEN,
            expectedSessionId,
            role: undefined,
            mayRotate: true,
            context: expect.objectContaining({ block: '127.0.0.1/32' }),
          },
        },
      ],
    ])
    expect(cookies).toEqual([
      'access_token=live; Max-Age=1800; Path=/; HttpOnly; SameSite=Lax',
      'refresh_token=refresh-1; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax',
    ])
    expect(answer.headers).toMatchObject({
      'x-token-refreshed': 'true',
      'x-new-access-token': 'live',
      'x-auth-user': USER,
      'cache-control': 'no-store, private',
    })
  })

  test('cookies are repeated as other headers only for a header that no script can send', async () => {
    const cookie = 'refresh_token=r1'
    const repeated = ({ headers }: Awaited<ReturnType<typeof refresh>>) =>
      [1, 2, 3].map((number) => headers[`x-auth-set-cookie-${number}`])
    const asked = await refresh({ cookie, 'sec-repeat-cookies': '1' })
    expect(repeated(asked)).toEqual([...asked.cookies, undefined])
    expect(repeated(await refresh({ cookie, 'sec-fetch-site': 'same-origin' }))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test.each<[string, Headers, string | number, string?]>([
    ['the proxy has not declared it', { cookie: both('due') }, 200, ''],
    ['not declared, expired', { cookie: both('expired') }, '401 access_token_expired', ''],
    [
      'not declared, no access token',
      { cookie: 'refresh_token=r1' },
      '401 access_token_missing',
      '',
    ],
    ['the token is fresh', { cookie: both('live') }, 200],
    ['there is no refresh cookie', { cookie: 'access_token=expired' }, '401 access_token_expired'],
    [
      'the refresh token is in a header, to which no proxy returns the new one',
      { authorization: 'Bearer expired', 'x-refresh-token': 'r1' },
      '401 access_token_expired',
    ],
    ['the session has ended', { cookie: both('revoked') }, '401 access_token_revoked'],
    [
      'a bearer token is forged',
      { authorization: 'Bearer forged', cookie: both('live') },
      '401 access_token_invalid',
    ],
    ['a foreign page sends it', { ...POST, cookie: both('expired') }, '403 csrf_rejected'],
    [
      'a foreign page sends it, with a refresh cookie only',
      { ...POST, cookie: 'refresh_token=r1' },
      '403 csrf_rejected',
    ],
    ['OPTIONS cannot deliver it', { 'x-forwarded-method': 'OPTIONS', cookie: both('due') }, 200],
  ])('nothing is refreshed: %s', async (_, headers, expected, query = '?refresh=cookie') => {
    const { seen, calls, cookies } = await refresh(headers, rotated, { query })
    expect([seen, calls, cookies]).toEqual([expected, [], []])
  })

  test('a WebSocket without an access token is identified, and nothing rotates', async () => {
    const { calls } = await refresh({
      'sec-websocket-key': 'dGhlIHNhbXBsZQ==',
      'sec-fetch-site': 'same-origin',
      cookie: 'refresh_token=r1',
    })
    expect(calls).toMatchObject([{ request: { mayRotate: false } }])
  })

  test('a user whose token does not fit in a cookie is identified without a rotation', async () => {
    const user = { sub: USER, username: 'ann', role: 'user', sid: SESSION }
    const { seen, cookies, headers } = await refresh(
      { cookie: 'refresh_token=r1' },
      { outcome: 'identified', user },
    )
    expect([seen, cookies, headers['x-auth-session']]).toEqual([200, [], SESSION])
  })

  test('a token that does not fit clears the cookie that it replaces', async () => {
    const old = `${Buffer.from('{"typ":"at+jwt"}').toString('base64url')}.e30.s`
    const accessToken = 'x'.repeat(4096)
    const useCases: Partial<UseCases> = {
      checkAccessToken: async () => check({ username: 'ann' }),
      refreshForProxy: async () => ({ outcome: 'rotated', pair: { ...PAIR, accessToken } }),
    }
    const { app } = openTestApp({ useCases, settings: { dueThresholdSeconds: 3600 } })
    const { headers } = await app.inject({
      url: `${VERIFY}?refresh=cookie`,
      headers: { ...GET, cookie: `access_token=${old}; refresh_token=${OWN_REFRESH_TOKEN}` },
    })
    expect(headers['set-cookie']).toEqual([
      'access_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax',
      expect.stringContaining('refresh_token=refresh-1'),
    ])
  })

  test('on a secure connection both cookies have the prefix __Host-', async () => {
    const cookie = '__Host-refresh_token=r1'
    // A proxy on this machine may look like plain HTTP, but the browser has sent this cookie.
    const { cookies } = await refresh({ cookie })
    expect(cookies.map((one) => [one.split('=', 1)[0], one.includes('; Secure')])).toEqual([
      ['__Host-access_token', true],
      ['__Host-refresh_token', true],
    ])
  })

  test('the attributes of the settings apply to both cookies', async () => {
    const settings = {
      cookie: { secure: 'true', sameSite: 'none', domain: 'example.com', partitioned: true },
    } as const
    const { cookies } = await refresh({ cookie: 'refresh_token=r1' }, rotated, { settings })
    for (const one of cookies)
      expect(one).toMatch(/; Domain=example.com; .*HttpOnly; Secure; Partitioned; SameSite=None$/)
    expect(cookies.map((one) => one.split('=', 1)[0])).toEqual(['access_token', 'refresh_token'])
  })

  test.each<[ProxyRefreshResult | Error, string | number, string | number, string | number]>([
    [{ outcome: 'reused' }, ...same('401 refresh_token_reused')],
    [{ outcome: 'revoked' }, ...same('401 refresh_token_revoked')],
    [{ outcome: 'user_inactive' }, ...same('401 user_inactive')],
    [{ outcome: 'forbidden' }, ...same('403 forbidden')],
    [{ outcome: 'expired' }, 200, '401 refresh_token_expired', '401 refresh_token_expired'],
    [{ outcome: 'invalid' }, 200, '401 access_token_expired', '401 refresh_token_invalid'],
    [{ outcome: 'session_mismatch' }, 200, '401 access_token_expired', '401 session_mismatch'],
    [{ outcome: 'rate_limited', retryAfterSeconds: 7 }, 200, ...same('429 rate_limited').slice(1)],
    [new CodedError('unavailable'), 200, ...same('503 unavailable').slice(1)],
    [new Error('a bug'), 200, ...same('503 unavailable').slice(1)],
  ] as never[])('%o for a due, an expired and a missing token', async (result, ...expected) => {
    const seen = await Promise.all(
      [both('due'), both('expired'), 'refresh_token=r1'].map((cookie) =>
        refresh({ cookie }, result),
      ),
    )
    expect(seen.map((one) => one.seen)).toEqual(expected)
    // A late refusal must not clear the cookie of the next sign-in.
    expect(seen.flatMap(({ cookies }) => cookies)).toEqual([])
    for (const { statusCode, headers } of seen)
      expect(headers['retry-after'] !== undefined).toBe([429, 503].includes(statusCode))
  })

  test('a session that ends during the refresh is refused', async () => {
    const { seen } = await refresh(
      { cookie: 'refresh_token=r1' },
      { outcome: 'rotated', pair: { ...PAIR, accessToken: 'revoked' } },
    )
    expect(seen).toBe('401 access_token_revoked')
  })

  test('of several refresh cookies the one of the session counts, else an authentic one', async () => {
    const cookies = `refresh_token=${OTHER_REFRESH_TOKEN}; refresh_token=${OWN_REFRESH_TOKEN}`
    const own = await refresh({ cookie: `access_token=expired; ${cookies}` })
    expect(own.calls).toMatchObject([
      { name: 'refreshForProxy', request: { refreshToken: OWN_REFRESH_TOKEN } },
    ])
    const chosen = await refresh({ cookie: cookies })
    expect(chosen.calls).toMatchObject([
      { name: 'chooseRefreshToken' },
      { name: 'refreshForProxy', request: { refreshToken: OWN_REFRESH_TOKEN } },
    ])
  })

  test('a failed refresh of a due token is logged, without a token', async () => {
    const { lines } = await refresh({ cookie: both('due') }, new CodedError('unavailable'))
    expect(lines).toMatchObject([{ level: 'warn', fields: { session_id: SESSION } }])
  })
})

test('a logout clears the cookies with an access token of ours, under both names', async () => {
  const ours = `${Buffer.from('{"typ":"at+jwt"}').toString('base64url')}.e30.s`
  const logOut = async (cookie: string) => {
    const { headers } = await reuseTestApp().app.inject({
      method: 'POST',
      url: '/api/v1/auth/logout',
      headers: { cookie, 'x-auto-refresh': '1' },
    })
    return [headers['set-cookie'] ?? []].flat().map((one) => one.split(';', 1)[0])
  }
  expect(
    await logOut(`refresh_token=r1; access_token=${ours}; __Host-access_token=${ours}`),
  ).toEqual(['refresh_token=', '__Host-access_token=', 'access_token='])
  // The plain name is common: this one belongs to another application.
  expect(await logOut('refresh_token=r1; access_token=abc')).toEqual(['refresh_token='])
})

function same<Value>(value: Value): [Value, Value, Value] {
  return [value, value, value]
}

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
