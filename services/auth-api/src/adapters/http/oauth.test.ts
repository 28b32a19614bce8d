import { CodedError, InspectRequest, type ApiKey } from '@auto-refresh/contracts'
import type { InjectOptions } from 'fastify'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import {
  NOW_SECONDS,
  openTestApp,
  reuseTestApp,
  SESSION,
  USER,
} from '../../testing/open-test-app.ts'
import { toAccessTokenClaims } from '../../domain/access-token-claims.ts'
import { aSession, aUser, NOW_MS } from '../../testing/fakes.ts'
import type { RefreshRefusal } from '../../domain/refresh-refusal.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
/** Base64 has `+` and `/`, and an encoded secret could have `%`. */
const SECRET = `a+b/c%41=${'s'.repeat(24)}`
const apiKeys: ApiKey[] = [
  { name: 'gate way', scopes: ['tokens:introspect'], secret: SECRET },
  { name: 'other', scopes: ['admin:read'], secret: 'o'.repeat(32) },
]

const post = (
  path: 'token' | 'revoke' | 'introspect',
  parameters: Record<string, string> | string,
  headers: InjectOptions['headers'] = {},
): InjectOptions => ({
  method: 'POST',
  url: `/oauth2/${path}`,
  headers: { ...FORM, ...headers },
  payload: typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString(),
})
const refresh = (more: Record<string, string> = {}, headers?: InjectOptions['headers']) =>
  post('token', { grant_type: 'refresh_token', refresh_token: 'r1', ...more }, headers)
const exchange = (more: Record<string, string> = {}) =>
  post('token', {
    grant_type: EXCHANGE,
    subject_token: 'a.b.c',
    subject_token_type: ID_TOKEN,
    ...more,
  })
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

/** With the longest name, role, claims and methods. */
function longestAccessToken(): string {
  const parts = [
    { alg: 'ES256', typ: 'at+jwt', kid: 'k'.repeat(43) },
    toAccessTokenClaims({
      session: aSession({ amr: Array.from({ length: 10 }, () => 'm'.repeat(32)) }),
      user: aUser({
        username: '😀'.repeat(128),
        role: 'r'.repeat(32),
        claims: { a: 'x'.repeat(2040) },
      }),
      policy: { issuer: 'i'.repeat(255), audience: 'a'.repeat(255), accessTtlSeconds: 1800 },
      nowMs: NOW_MS,
      jti: SESSION,
    }),
  ]
  const encoded = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return [...encoded, 's'.repeat(86)].join('.')
}

async function ask(request: InjectOptions, options?: Parameters<typeof openTestApp>[0]) {
  const { app, calls, lines } =
    options === undefined
      ? reuseTestApp({ apiKeys })
      : openTestApp({ ...options, settings: { apiKeys, ...options.settings } })
  const answer = await app.inject(request)
  const body = answer.body === '' ? {} : answer.json<Record<string, unknown>>()
  return {
    outcome: [answer.statusCode, body['error'] ?? 'ok'],
    body,
    headers: answer.headers,
    calls: [...calls],
    lines: [...lines],
  }
}

describe('metadata', () => {
  const url = '/.well-known/oauth-authorization-server'

  test('name the issuer of our tokens and what is supported, and can be cached', async () => {
    const { body, headers } = await ask({ url })
    expect(body).toEqual({
      issuer: 'http://localhost:8000',
      token_endpoint: 'http://localhost:8000/oauth2/token',
      jwks_uri: 'http://localhost:8000/.well-known/jwks.json',
      revocation_endpoint: 'http://localhost:8000/oauth2/revoke',
      introspection_endpoint: 'http://localhost:8000/oauth2/introspect',
      response_types_supported: [],
      grant_types_supported: ['refresh_token', EXCHANGE],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
    })
    expect(headers['cache-control']).toBe('public, max-age=300')
  })

  test('without a trusted issuer there is no token exchange', async () => {
    const options = { useCases: { exchangeToken: undefined } }
    expect((await ask({ url }, options)).body['grant_types_supported']).toEqual(['refresh_token'])
    expect((await ask(exchange(), options)).outcome).toEqual([400, 'unsupported_grant_type'])
  })

  test('of an issuer with a path are also where RFC 8414 puts them', async () => {
    const settings = { issuer: 'https://example.com/auth/' }
    for (const path of [url, `${url}/auth`])
      expect((await ask({ url: path }, { settings })).body).toMatchObject({
        issuer: 'https://example.com/auth/',
        token_endpoint: 'https://example.com/auth/oauth2/token',
      })
  })
})

describe('the refresh grant', () => {
  test('returns the pair as RFC 6749 says, uncached, and passes on the Idempotency-Key', async () => {
    const { body, headers, calls } = await ask(
      refresh({ client_id: 'app', unknown: 'x' }, { 'idempotency-key': 'try-1' }),
    )
    expect(body).toEqual({
      access_token: 'access-1',
      token_type: 'Bearer',
      expires_in: 1800,
      refresh_token: 'refresh-1',
    })
    expect(headers).toMatchObject({ 'cache-control': 'no-store, private', pragma: 'no-cache' })
    expect(calls).toMatchObject([
      { name: 'refresh', request: { refreshToken: 'r1', idempotencyKey: 'try-1' } },
    ])
  })

  test('neither reads nor sets a cookie, and reads no other place', async () => {
    const elsewhere = {
      cookie: 'refresh_token=art_cookie; __Host-refresh_token=art_cookie',
      'x-refresh-token': 'art_header',
      origin: 'https://evil.example',
    }
    const { headers, calls } = await ask(refresh({}, elsewhere))
    expect(headers['set-cookie']).toBeUndefined()
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(calls).toMatchObject([{ request: { refreshToken: 'r1' } }])
    const none = await ask(post('token', 'grant_type=refresh_token', elsewhere))
    expect([none.outcome, none.calls]).toEqual([[400, 'invalid_request'], []])
    const query = {
      ...post('token', ''),
      url: '/oauth2/token?grant_type=refresh_token&refresh_token=r',
    }
    expect((await ask(query)).outcome).toEqual([400, 'invalid_request'])
  })

  test.each<[RefreshRefusal, number, string]>([
    [{ outcome: 'invalid' }, 400, 'invalid_grant'],
    [{ outcome: 'expired' }, 400, 'invalid_grant'],
    [{ outcome: 'revoked' }, 400, 'invalid_grant'],
    [{ outcome: 'reused' }, 400, 'invalid_grant'],
    [{ outcome: 'session_mismatch' }, 400, 'invalid_grant'],
    [{ outcome: 'user_inactive' }, 400, 'invalid_grant'],
    [{ outcome: 'rate_limited', retryAfterSeconds: 7 }, 429, 'temporarily_unavailable'],
    [{ outcome: 'unavailable', because: 'unknown_kid' }, 503, 'temporarily_unavailable'],
  ])('refuses %j in the form of RFC 6749', async (refusal, status, error) => {
    const { outcome, body, headers } = await ask(refresh(), {
      useCases: { refresh: async () => refusal },
    })
    expect(outcome).toEqual([status, error])
    expect(Object.keys(body)).toEqual(['error', 'error_description'])
    expect(body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(headers['cache-control']).toBe('no-store, private')
    expect(headers['retry-after'] !== undefined).toBe(status !== 400)
    expect(headers['www-authenticate']).toBeUndefined()
  })

  test.each([new CodedError('unavailable'), new Error('a bug')])(
    'is temporarily unavailable after %s, and the cause is logged, not sent',
    async (error) => {
      const { outcome, body, lines } = await ask(refresh(), {
        useCases: { refresh: () => Promise.reject(error) },
      })
      expect(outcome).toEqual([503, 'temporarily_unavailable'])
      expect(JSON.stringify(body)).not.toContain('a bug')
      expect(lines).toHaveLength(1)
    },
  )

  test('a longer token is cut, as at /refresh', async () => {
    const { calls } = await ask(refresh({ refresh_token: 'r'.repeat(2000) }))
    expect(calls).toMatchObject([{ request: { refreshToken: 'r'.repeat(1024) } }])
  })

  test('a client without a secret may name itself, in either way', async () => {
    for (const headers of [basic('app', ''), { authorization: 'Bearer expired' }, {}])
      expect((await ask(refresh({ client_id: 'app' }, headers))).outcome).toEqual([200, 'ok'])
  })

  test('a client that authenticates is refused before its token is used', async () => {
    const byHeader = await ask(refresh({}, basic('app', 'secret')))
    expect(byHeader.outcome).toEqual([401, 'invalid_client'])
    expect(byHeader.headers['www-authenticate']).toBe('Basic')
    for (const authorization of ['Basic', 'Basic !', 'basic bm9jb2xvbg==', 'Basic OnNlY3JldA=='])
      expect((await ask(refresh({}, { authorization }))).outcome).toEqual([401, 'invalid_client'])
    for (const more of [{ client_secret: 's' }, { client_assertion: 'a' }]) {
      const byBody = await ask(refresh(more))
      expect([byBody.outcome, byBody.calls]).toEqual([[400, 'invalid_client'], []])
    }
    expect(byHeader.calls).toEqual([])
  })
})

describe('hostile input to every endpoint is a coded 4xx in the form of RFC 6749', () => {
  const bearer = { authorization: `Bearer ${SECRET}` }
  const paths = ['token', 'revoke', 'introspect'] as const
  const bodies: [string, number, string | Buffer, Record<string, string>?][] = [
    ['nothing', 400, ''],
    ['an unknown parameter', 400, 'a=b'],
    ['a duplicate parameter', 400, 'token=a&token=b&grant_type=a&grant_type=a'],
    ['a broken escape', 400, 'token=%zz&grant_type=refresh_token&refresh_token=%zz'],
    ['bytes that are not UTF-8', 400, Buffer.from([0x74, 0x3d, 0xff])],
    ['JSON', 415, '{"token":"a"}', { 'content-type': 'application/json' }],
    ['text', 415, 'token=a', { 'content-type': 'text/plain' }],
    ['multipart', 415, 'token=a', { 'content-type': 'multipart/form-data; boundary=a' }],
    ['a charset', 415, 'token=a', { 'content-type': `${FORM['content-type']}; charset=utf-16` }],
    ['40 KiB', 413, `token=${'a'.repeat(40_000)}`],
  ]
  test.each(
    paths.flatMap((path) =>
      bodies.map(([what, status, payload, headers]) => ({ path, what, status, payload, headers })),
    ),
  )('$path: $what is $status', async ({ path, status, payload, headers }) => {
    const { outcome, body, calls } = await ask({
      ...post(path, ''),
      headers: { ...FORM, ...bearer, ...headers },
      payload,
    })
    expect(outcome).toEqual([status, 'invalid_request'])
    expect(body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(calls).toEqual([])
  })

  test.each([
    ['no grant', {}, 'invalid_request'],
    ['an unknown grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['a prototype', { grant_type: '__proto__' }, 'unsupported_grant_type'],
    ['a long grant', { grant_type: 'x'.repeat(3000) }, 'invalid_request'],
    ['a scope', { grant_type: 'refresh_token', refresh_token: 'r', scope: 'x' }, 'invalid_scope'],
  ])('token: %s', async (_, parameters, error) => {
    const { outcome, calls } = await ask(post('token', parameters))
    expect([outcome, calls]).toEqual([[400, error], []])
  })

  test('a wrong Idempotency-Key is refused', async () => {
    const { outcome } = await ask(refresh({}, { 'idempotency-key': 'a b' }))
    expect(outcome).toEqual([400, 'invalid_request'])
  })

  test.each(paths)('%s: other methods are 405', async (path) => {
    const { app } = reuseTestApp({ apiKeys })
    const answer = await app.inject({ method: 'GET', url: `/oauth2/${path}` })
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'POST, OPTIONS'])
  })

  test('JSON routes still accept no form', async () => {
    const { app, calls } = reuseTestApp({ apiKeys })
    const answer = await app.inject({ ...refresh(), url: '/api/v1/auth/refresh' })
    expect([answer.statusCode, calls]).toEqual([415, []])
  })
})

describe('the token exchange', () => {
  test('returns the pair and its type as RFC 8693 says', async () => {
    for (const request of [
      exchange(),
      exchange({ subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' }),
      exchange({ requested_token_type: ACCESS_TOKEN, audience: 'auto-refresh', client_id: 'app' }),
    ]) {
      const { body, calls } = await ask(request)
      expect(body).toEqual({
        access_token: 'access-1',
        token_type: 'Bearer',
        expires_in: 1800,
        refresh_token: 'refresh-1',
        issued_token_type: ACCESS_TOKEN,
      })
      expect(calls).toMatchObject([{ name: 'exchangeToken', request: { subjectToken: 'a.b.c' } }])
    }
  })

  test.each([
    [{ subject_token: '' }, 'invalid_request'],
    [{ subject_token_type: '' }, 'invalid_request'],
    [{ subject_token_type: ACCESS_TOKEN }, 'invalid_request'],
    [{ actor_token: 'a.b.c' }, 'invalid_request'],
    [{ requested_token_type: ID_TOKEN }, 'invalid_request'],
    [{ audience: 'another' }, 'invalid_target'],
    [{ resource: 'https://api.example' }, 'invalid_target'],
    [{ scope: 'openid' }, 'invalid_scope'],
  ])('with %o is %s', async (more, error) => {
    const { outcome, calls } = await ask(exchange(more))
    expect([outcome, calls]).toEqual([[400, error], []])
  })

  test.each([
    [{ outcome: 'refused', because: 'it has expired' } as const, 400, 'invalid_request'],
    [{ outcome: 'user_inactive' } as const, 400, 'invalid_request'],
    [{ outcome: 'rate_limited', retryAfterSeconds: 9 } as const, 429, 'temporarily_unavailable'],
  ])('refuses %o as RFC 8693 says', async (refusal, status, error) => {
    const { outcome, headers } = await ask(exchange(), {
      useCases: { exchangeToken: async () => refusal },
    })
    expect(outcome).toEqual([status, error])
    expect(headers['retry-after']).toBe(status === 429 ? '9' : undefined)
  })
})

describe('revocation', () => {
  test('ends the session of either token, with or without a hint', async () => {
    for (const hint of [{}, { token_type_hint: 'access_token' }, { token_type_hint: 'x' }]) {
      const { outcome, body, calls } = await ask(post('revoke', { token: 't1', ...hint }))
      expect([outcome, body]).toEqual([[200, 'ok'], {}])
      expect(calls).toMatchObject([
        { name: 'signOut', request: { accessToken: 't1', refreshToken: 't1' } },
      ])
    }
  })

  test.each([longestAccessToken(), 'x'.repeat(8192)])(
    'accepts the longest access token, which is no refresh token for token-store',
    async (token) => {
      const { outcome, calls } = await ask(
        post('revoke', { token, token_type_hint: 'access_token', client_id: 'app' }),
      )
      expect(outcome).toEqual([200, 'ok'])
      expect(calls).toMatchObject([{ name: 'signOut', request: { accessToken: token } }])
      const [sent] = calls as { request: { refreshToken: string } }[]
      expect(Value.Check(InspectRequest, { token: sent?.request.refreshToken })).toBe(true)
    },
  )

  test.each([
    ['refresh_token_invalid', 200, 'ok'],
    ['access_token_invalid', 200, 'ok'],
    ['access_token_expired', 200, 'ok'],
    ['rate_limited', 429, 'temporarily_unavailable'],
    ['unavailable', 503, 'temporarily_unavailable'],
  ] as const)('of a token that is %s is %i', async (code, status, error) => {
    const { outcome } = await ask(post('revoke', { token: 't1' }), {
      useCases: { signOut: () => Promise.reject(new CodedError(code, { retryAfterSeconds: 1 })) },
    })
    expect(outcome).toEqual([status, error])
  })

  test('refuses a client that authenticates', async () => {
    const { outcome, calls } = await ask(post('revoke', { token: 't' }, basic('app', 'secret')))
    expect([outcome, calls]).toEqual([[401, 'invalid_client'], []])
  })
})

describe('introspection', () => {
  const claims = { iss: 'i', sub: USER, sid: SESSION, exp: NOW_SECONDS, role: 'user' }
  const introspect = (more: Record<string, string> = {}) =>
    post('introspect', { token: 't1', ...more }, { authorization: `Bearer ${SECRET}` })

  test('of an access token returns its claims', async () => {
    const { body, calls } = await ask(introspect({ token_type_hint: 'access_token' }), {
      useCases: {
        introspect: async () => ({ outcome: 'access_token', claims: claims as never }),
      },
    })
    expect(body).toEqual({ active: true, token_type: 'Bearer', ...claims })
    expect(calls).toMatchObject([{ request: { token: 't1', mayBeRefreshToken: false } }])
  })

  test('of a refresh token returns its session, without a token type', async () => {
    const session = aSession()
    const user = { id: USER, username: 'ann', role: 'user', active: true, version: 1, claims: {} }
    const { body, calls } = await ask(introspect(), {
      useCases: { introspect: async () => ({ outcome: 'refresh_token', session, user }) },
    })
    expect(body).toEqual({
      active: true,
      iss: 'http://localhost:8000',
      sub: USER,
      username: 'ann',
      client_id: 'first-party',
      sid: session.id,
      iat: session.rotatedAtMs / 1000,
      exp: session.idleUntilMs / 1000,
    })
    expect(calls).toMatchObject([{ request: { mayBeRefreshToken: true } }])
  })

  test('accepts the longest token that we sign, uncut', async () => {
    const token = longestAccessToken()
    const { outcome, calls } = await ask(introspect({ token, token_type_hint: 'access_token' }))
    expect(outcome).toEqual([200, 'ok'])
    expect(calls).toMatchObject([{ request: { token } }])
    expect((await ask(introspect({ token: 'x'.repeat(8193) }))).outcome).toEqual([
      400,
      'invalid_request',
    ])
  })

  test('of another token says no more than that it is inactive', async () => {
    expect((await ask(introspect())).body).toEqual({ active: false })
  })

  test('accepts the key as Basic credentials too, with its own name only', async () => {
    const by = (headers: InjectOptions['headers']) => ask(post('introspect', 'token=t', headers))
    expect((await by(basic('gate way', SECRET))).outcome).toEqual([200, 'ok'])
    // Many clients do not encode the parts.
    const plain = Buffer.from(`gate way:${SECRET}`).toString('base64')
    expect((await by({ authorization: `Basic ${plain}` })).outcome).toEqual([200, 'ok'])
    for (const headers of [
      basic('other', SECRET),
      basic('gate way', `${SECRET}x`),
      { authorization: 'Basic !' },
    ]) {
      const refused = await by(headers)
      expect([refused.outcome, refused.calls]).toEqual([[401, 'invalid_client'], []])
      expect(refused.headers['www-authenticate']).toBe('Basic')
    }
    const other = await by(basic('other', 'o'.repeat(32)))
    expect(other.outcome).toEqual([403, 'insufficient_scope'])
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const refused = await by(headers)
      expect(refused.outcome).toEqual([401, 'invalid_token'])
      expect(refused.headers['www-authenticate']).toBe('Bearer')
      expect(JSON.stringify(refused.lines)).not.toContain(SECRET)
    }
  })
})
