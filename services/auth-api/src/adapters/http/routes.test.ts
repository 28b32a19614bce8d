import { CodedError, ERROR_CODES, type ErrorCode } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import type { RefreshRefusal } from '../../domain/refresh-refusal.ts'
import type { UseCases } from './http-deps.ts'
import { NOW_SECONDS, openTestApp, PAIR, SESSION, USER } from '../../testing/open-test-app.ts'

const AUTH = '/api/v1/auth'
const SIGN_IN = {
  method: 'POST',
  url: `${AUTH}/token`,
  payload: { username: 'ann', password: 'secret words' },
} as const
const REFRESH = {
  method: 'POST',
  url: `${AUTH}/refresh`,
  payload: { refresh_token: 'r1' },
} as const
const AUTO_REFRESH = { ...REFRESH, url: `${AUTH}/auto-refresh` } as const
const live = { authorization: 'Bearer live' }
const context = {
  address: '127.0.0.1',
  block: '127.0.0.1/32',
  network: '127.0.0.0/24',
  agent: 'lightMyRequest',
  straightFromLoopback: true,
}
const ID = '0198c1a0-0000-7000-8000-00000000000a'

const failure = (code: ErrorCode) => ({
  status: ERROR_CODES[code].status,
  message: ERROR_CODES[code].message,
  data: null,
  error: {
    code,
    retryable: ERROR_CODES[code].retryable,
    request_id: expect.stringMatching(/^id-\d+$/),
  },
})

test('a sign-in returns the pair as documented', async () => {
  const { app, calls } = openTestApp()
  const answer = await app.inject(SIGN_IN)
  expect(answer.json()).toEqual({
    status: 200,
    message: 'Login Successfully',
    data: {
      access_token: 'access-1',
      refresh_token: 'refresh-1',
      token_type: 'bearer',
      expires_in: 1800,
    },
  })
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store, private', pragma: 'no-cache' })
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(calls).toEqual([
    { name: 'signIn', request: { username: 'ann', password: 'secret words', context } },
  ])
})

test('a refresh returns a new pair and ignores Authorization', async () => {
  const { app, calls } = openTestApp()
  const answer = await app.inject({
    ...REFRESH,
    headers: { authorization: 'Bearer whatever', 'idempotency-key': 'try-1' },
  })
  expect(answer.json()).toEqual({
    status: 200,
    message: 'Token refreshed successfully',
    data: {
      access_token: 'access-1',
      refresh_token: 'refresh-1',
      token_type: 'bearer',
      expires_in: 1800,
    },
  })
  expect(answer.headers['cache-control']).toBe('no-store, private')
  expect(calls).toEqual([
    { name: 'refresh', request: { refreshToken: 'r1', idempotencyKey: 'try-1', context } },
  ])
})

test('auto-refresh reports whether the pair is new', async () => {
  const fresh = openTestApp()
  expect((await fresh.app.inject(AUTO_REFRESH)).json().data).toMatchObject({
    refreshed: true,
    expires_in: 1800,
  })
  const kept = openTestApp({
    useCases: {
      autoRefresh: async () => ({ outcome: 'not_due', pair: { ...PAIR, expiresInSeconds: 900 } }),
    },
  })
  expect((await kept.app.inject({ ...AUTO_REFRESH, headers: live })).json().data).toMatchObject({
    refreshed: false,
    expires_in: 900,
    refresh_token: 'refresh-1',
  })
  expect(kept.calls).toEqual([
    {
      name: 'autoRefresh',
      request: { refreshToken: 'r1', idempotencyKey: undefined, accessToken: 'live', context },
    },
  ])
})

describe('every refusal has its own code, on both calls', () => {
  test.each<[RefreshRefusal, ErrorCode]>([
    [{ outcome: 'invalid' }, 'refresh_token_invalid'],
    [{ outcome: 'expired' }, 'refresh_token_expired'],
    [{ outcome: 'revoked' }, 'refresh_token_revoked'],
    [{ outcome: 'reused' }, 'refresh_token_reused'],
    [{ outcome: 'session_mismatch' }, 'session_mismatch'],
    [{ outcome: 'user_inactive' }, 'user_inactive'],
    [{ outcome: 'rate_limited', retryAfterSeconds: 7 }, 'rate_limited'],
    [{ outcome: 'unavailable', because: 'unknown_kid' }, 'unavailable'],
    [{ outcome: 'unavailable', because: 'unknown_session' }, 'unavailable'],
  ])('%o', async (refusal, code) => {
    const { app } = openTestApp({
      useCases: { refresh: async () => refusal, autoRefresh: async () => refusal },
    })
    for (const request of [REFRESH, AUTO_REFRESH]) {
      const answer = await app.inject(request)
      expect([answer.statusCode, answer.json()]).toEqual([ERROR_CODES[code].status, failure(code)])
      expect(answer.headers['cache-control']).toBe('no-store, private')
    }
  })
})

test('rate limits and internal errors have Retry-After', async () => {
  const limited = openTestApp({
    useCases: { refresh: async () => ({ outcome: 'rate_limited', retryAfterSeconds: 7 }) },
  })
  expect((await limited.app.inject(REFRESH)).headers['retry-after']).toBe('7')
  for (const [random, seconds] of [
    [0, '1'],
    [0.5, '3'],
    [0.999, '5'],
  ] as const) {
    const failing = openTestApp({
      random: () => random,
      useCases: { refresh: async () => Promise.reject(new CodedError('unavailable')) },
    })
    expect((await failing.app.inject(REFRESH)).headers['retry-after']).toBe(seconds)
  }
})

test.each<[string, Awaited<ReturnType<UseCases['signIn']>>, ErrorCode]>([
  ['wrong credentials', { outcome: 'invalid_credentials' }, 'invalid_credentials'],
  ['too many attempts', { outcome: 'rate_limited', retryAfterSeconds: 60 }, 'rate_limited'],
])('%s are refused', async (_, result, code) => {
  const { app } = openTestApp({ useCases: { signIn: async () => result } })
  const answer = await app.inject(SIGN_IN)
  expect([answer.statusCode, answer.json()]).toEqual([ERROR_CODES[code].status, failure(code)])
})

test('an internal error is a 503 without details, and a log line with its cause', async () => {
  const fault = new TypeError('select * from users failed for ann')
  const { app, lines } = openTestApp({ useCases: { signIn: async () => Promise.reject(fault) } })
  const answer = await app.inject(SIGN_IN)
  expect([answer.statusCode, answer.json()]).toEqual([503, failure('unavailable')])
  expect(lines).toEqual([
    {
      level: 'error',
      fields: { err: fault, request_id: 'id-1', route: `${AUTH}/token` },
      message: expect.any(String),
    },
  ])
})

test('an unavailable dependency is logged as a warning with its cause', async () => {
  const cause = new Error('connection refused')
  const { app, lines } = openTestApp({
    useCases: { refresh: async () => Promise.reject(new CodedError('unavailable', { cause })) },
  })
  expect((await app.inject(REFRESH)).json()).toEqual(failure('unavailable'))
  expect(lines).toMatchObject([{ level: 'warn', fields: { err: cause } }])
})

test('an expected refusal writes no log line', async () => {
  const { app, lines } = openTestApp({
    useCases: { refresh: async () => ({ outcome: 'invalid' }) },
  })
  await app.inject(REFRESH)
  await app.inject('/nowhere')
  expect(lines).toEqual([])
})

test('the status of a token is returned as documented', async () => {
  const { app, calls } = openTestApp()
  const answer = await app.inject({ url: `${AUTH}/token-status`, headers: live })
  expect(answer.json()).toEqual({
    status: 200,
    message: 'Token status retrieved successfully',
    data: {
      valid: true,
      needs_refresh: false,
      time_until_expiry: 1200,
      expires_at: '2026-01-01T12:00:00Z',
      username: 'ann',
      role: 'user',
    },
  })
  expect(calls).toEqual([{ name: 'getTokenStatus', request: { accessToken: 'live' } }])
})

test('the status of an expired or revoked token has a reason and no name', async () => {
  const { app } = openTestApp({
    useCases: {
      getTokenStatus: async () => ({
        valid: false,
        needsRefresh: true,
        secondsLeft: 0,
        expiresAtMs: 999,
        reason: 'expired',
      }),
    },
  })
  expect((await app.inject({ url: `${AUTH}/token-status`, headers: live })).json().data).toEqual({
    valid: false,
    needs_refresh: true,
    time_until_expiry: 0,
    expires_at: '1970-01-01T00:00:00Z',
    reason: 'expired',
  })
})

test.each<[string, ErrorCode]>([
  ['Bearer null', 'access_token_missing'],
  ['Bearer forged', 'access_token_invalid'],
])('the status of %s is a 401', async (authorization, code) => {
  const { app, calls } = openTestApp({
    useCases: { getTokenStatus: async () => Promise.reject(new CodedError(code)) },
  })
  const answer = await app.inject({ url: `${AUTH}/token-status`, headers: { authorization } })
  expect([answer.json(), answer.headers['www-authenticate']]).toEqual([failure(code), 'Bearer'])
  expect(calls).toEqual([
    {
      name: 'getTokenStatus',
      request: { accessToken: code === 'access_token_missing' ? undefined : 'forged' },
    },
  ])
})

test.each([
  ['/logout', 'signOut'],
  ['/logout-all', 'signOutEverywhere'],
])('%s accepts an access token, a refresh token or both', async (path, name) => {
  const { app, calls } = openTestApp()
  for (const request of [
    { headers: live },
    { payload: { refresh_token: 'r1' } },
    { headers: { ...live, 'x-refresh-token': 'r1' } },
    { headers: { authorization: 'Bearer undefined' }, payload: { refresh_token: null } },
  ]) {
    const answer = await app.inject({ method: 'POST', url: AUTH + path, ...request })
    expect(answer.json()).toEqual({ status: 200, message: 'Logged out successfully', data: null })
    expect(answer.headers['set-cookie']).toBeUndefined()
  }
  expect(calls).toEqual([
    { name, request: { accessToken: 'live', refreshToken: undefined, context } },
    { name, request: { accessToken: undefined, refreshToken: 'r1', context } },
    { name, request: { accessToken: 'live', refreshToken: 'r1', context } },
    { name, request: { accessToken: undefined, refreshToken: undefined, context } },
  ])
})

test('a refresh call without a refresh token is 400', async () => {
  const { app, calls } = openTestApp()
  for (const url of [REFRESH.url, AUTO_REFRESH.url]) {
    for (const request of [
      {},
      { payload: {} },
      { payload: { refresh_token: null } },
      { payload: { refresh_token: 'undefined' } },
      { headers: { 'x-refresh-token': 'null' } },
      { headers: { 'content-type': 'application/json' } },
    ]) {
      expect((await app.inject({ method: 'POST', url, ...request })).json()).toEqual(
        failure('refresh_token_missing'),
      )
    }
  }
  expect(calls).toEqual([])
})

test('/me returns the user', async () => {
  const { app } = openTestApp()
  expect((await app.inject({ url: `${AUTH}/me`, headers: live })).json().data).toEqual({
    user_id: USER,
    username: 'ann',
    role: 'user',
    session_id: SESSION,
    authenticated_at: '2027-01-15T07:59:00Z',
    session_expires_at: '2027-01-16T08:00:00Z',
  })
})

test('/sessions lists the devices, marks the current one, and shows the last refresh to the minute', async () => {
  const session = {
    userId: USER,
    userVersion: 0,
    clientId: 'first-party',
    generation: 3,
    authenticatedAtMs: 0,
    rotatedAtMs: 119_999,
    expiresAtMs: 120_000,
    idleUntilMs: 90_000,
    network: '203.0.113.0/24',
    agent: 'curl',
  }
  const { app, calls } = openTestApp({
    useCases: {
      listSessions: async () => [
        { ...session, id: SESSION },
        { ...session, id: ID },
      ],
    },
  })
  const answer = await app.inject({ url: `${AUTH}/sessions`, headers: live })
  const shown = {
    signed_in_at: '1970-01-01T00:00:00Z',
    last_refreshed_at: '1970-01-01T00:01:00Z',
    expires_at: '1970-01-01T00:02:00Z',
    network: '203.0.113.0/24',
    user_agent: 'curl',
  }
  expect(answer.json().data).toEqual({
    sessions: [
      { id: SESSION, current: true, ...shown },
      { id: ID, current: false, ...shown },
    ],
  })
  expect(calls).toEqual([{ name: 'listSessions', request: { userId: USER } }])
})

test('a session of the user is ended; the session of another user is not found', async () => {
  const { app, calls } = openTestApp()
  expect(
    (await app.inject({ method: 'DELETE', url: `${AUTH}/sessions/${ID}`, headers: live })).json(),
  ).toEqual({ status: 200, message: 'Session ended successfully', data: null })
  expect(calls).toEqual([{ name: 'endSession', request: { userId: USER, sessionId: ID, context } }])
  const other = openTestApp({ useCases: { endSession: async () => ({ outcome: 'not_found' }) } })
  expect(
    (
      await other.app.inject({ method: 'DELETE', url: `${AUTH}/sessions/${ID}`, headers: live })
    ).json(),
  ).toEqual(failure('not_found'))
})

test('notices are listed and dismissed', async () => {
  const { app, calls } = openTestApp({
    useCases: {
      listNotices: async () => [
        {
          id: ID,
          kind: 'session_ended_token_reused',
          userId: USER,
          sessionId: SESSION,
          occurredAtMs: 0,
        },
        { id: ID, kind: 'password_changed', userId: USER, occurredAtMs: 0 },
      ],
    },
  })
  expect((await app.inject({ url: `${AUTH}/notices`, headers: live })).json().data).toEqual({
    notices: [
      {
        id: ID,
        kind: 'session_ended_token_reused',
        session_id: SESSION,
        occurred_at: '1970-01-01T00:00:00Z',
        message: expect.any(String),
      },
      {
        id: ID,
        kind: 'password_changed',
        occurred_at: '1970-01-01T00:00:00Z',
        message: expect.any(String),
      },
    ],
  })
  expect(
    (await app.inject({ method: 'DELETE', url: `${AUTH}/notices/${ID}`, headers: live }))
      .statusCode,
  ).toBe(200)
  expect(calls.at(-1)).toEqual({
    name: 'dismissNotice',
    request: { userId: USER, id: ID, sessionId: SESSION },
  })
  const other = openTestApp({ useCases: { dismissNotice: async () => ({ outcome: 'not_found' }) } })
  expect(
    (await other.app.inject({ method: 'DELETE', url: `${AUTH}/notices/${ID}`, headers: live }))
      .statusCode,
  ).toBe(404)
})

describe('behind the middleware', () => {
  const GUARDED = [
    ['GET', '/me'],
    ['GET', '/sessions'],
    ['DELETE', `/sessions/${ID}`],
    ['GET', '/notices'],
    ['DELETE', `/notices/${ID}`],
  ] as const

  test.each(GUARDED)('%s %s takes a live access token only', async (method, path) => {
    const { app, calls } = openTestApp()
    const codes: unknown[] = []
    for (const authorization of ['', 'Bearer forged', 'Bearer expired', 'Bearer revoked']) {
      codes.push(
        (await app.inject({ method, url: AUTH + path, headers: { authorization } })).json().error
          .code,
      )
    }
    expect(codes).toEqual([
      'access_token_missing',
      'access_token_invalid',
      'access_token_expired',
      'access_token_revoked',
    ])
    expect(calls).toEqual([])
  })

  test.each(GUARDED)('%s %s renews a pair that is due', async (method, path) => {
    const { app, calls } = openTestApp()
    const answer = await app.inject({
      method,
      url: AUTH + path,
      headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' },
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers).toMatchObject({
      'x-token-refreshed': 'true',
      'x-new-access-token': 'access-1',
      'x-new-refresh-token': 'refresh-1',
    })
    const asked = { refreshToken: 'r1', expectedSessionId: SESSION, context }
    expect([calls[0], calls.at(-1)]).toEqual([
      { name: 'peekRefresh', request: asked },
      { name: 'refresh', request: { ...asked, operation: 'middleware' } },
    ])
  })

  test('a stolen token ends its session before the handler runs', async () => {
    const { app, calls } = openTestApp({
      useCases: {
        peekRefresh: async () => ({ outcome: 'reused' }),
        refresh: async () => ({ outcome: 'reused' }),
      },
    })
    const answer = await app.inject({
      url: `${AUTH}/sessions`,
      headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' },
    })
    expect(answer.json()).toEqual(failure('refresh_token_reused'))
    expect(calls.map(({ name }) => name)).toEqual(['peekRefresh', 'refresh'])
  })

  test('a cookie with a bearer header needs no CSRF proof, and is renewed by Set-Cookie', async () => {
    const { app } = openTestApp()
    const { headers } = await app.inject({
      url: `${AUTH}/me`,
      headers: {
        authorization: 'Bearer due',
        cookie: 'refresh_token=r1',
        origin: 'https://evil.example',
      },
    })
    expect(headers['set-cookie']).toContain(
      'refresh_token=refresh-1; Max-Age=604800; Path=/; HttpOnly',
    )
    expect(headers['x-new-refresh-token']).toBeUndefined()
  })
})

test('the JWKS is public and may be cached for some minutes', async () => {
  const { app } = openTestApp()
  const answer = await app.inject('/.well-known/jwks.json')
  expect(answer.json().keys).toMatchObject([{ kid: 'key-1', alg: 'ES256' }])
  expect([answer.headers['cache-control'], answer.headers['pragma']]).toEqual([
    'public, max-age=300',
    undefined,
  ])
})

test('every response is measured under the pattern of its route', async () => {
  const { app, observed } = openTestApp()
  await app.inject({ method: 'DELETE', url: `${AUTH}/sessions/${ID}`, headers: live })
  await app.inject('/some/unknown/path')
  await app.inject({ method: 'TRACE' as 'GET', url: `${AUTH}/me` })
  expect(observed).toEqual([
    { route: `${AUTH}/sessions/:id`, method: 'DELETE', status_class: '2xx' },
    { route: 'unmatched', method: 'GET', status_class: '4xx' },
    { route: 'unmatched', method: 'other', status_class: '4xx' },
  ])
})

test('no hostile path or method creates a new metric series', async () => {
  const { app, observed } = openTestApp()
  const paths = [
    '/%zz',
    '/..%2f..%2fetc/passwd',
    `/${'x'.repeat(8000)}`,
    '/docs/../../x',
    '/docs/static/nothing.js',
    `${AUTH}/sessions/${'y'.repeat(900)}`,
    '/?a="}\n',
    '//evil.example/x',
    '*',
  ]
  for (const url of paths) await app.inject({ url, headers: live })
  for (const method of ['TRACE', 'PROPFIND', 'PUT'])
    await app.inject({ method: method as 'GET', url: `${AUTH}/token` })
  const routes = new Set(observed.map((labels) => (labels as { route: string }).route))
  expect(
    [...routes].filter(
      (route) =>
        !['unmatched', '/', `${AUTH}/sessions/:id`, '/docs/static/*', '/docs/*', '/docs'].includes(
          route,
        ),
    ),
  ).toEqual([])
  expect(observed).toHaveLength(paths.length + 3)
})

test('every route of the API has the value 0 before the first request', async () => {
  const { app, zeroed } = openTestApp()
  await app.ready()
  for (const status_class of ['2xx', '4xx', '5xx'])
    expect(zeroed).toContainEqual({ route: `${AUTH}/refresh`, method: 'POST', status_class })
  expect(zeroed.length).toBeLessThan(150)
})

test('the request id is ours, or that of the caller if it is well-formed', async () => {
  const { app } = openTestApp()
  const idOf = async (given?: string) =>
    (
      await app.inject({
        url: '/nowhere',
        headers: given === undefined ? {} : { 'x-request-id': given },
      })
    ).headers['x-request-id']
  expect(await idOf()).toMatch(/^id-/)
  expect(await idOf('trace.A-1_b')).toBe('trace.A-1_b')
  for (const bad of [
    '',
    'a b',
    'x'.repeat(65),
    '"}',
    'ä',
    `art_${'A'.repeat(40)}`,
    `eyJ${'a'.repeat(40)}`,
  ])
    expect(await idOf(bad)).toMatch(/^id-/)
})

test('ending another session and dismissing a notice need a recent sign-in; ending the own session does not', async () => {
  const claims = {
    iss: 'i',
    sub: USER,
    aud: 'a',
    exp: NOW_SECONDS + 1800,
    iat: NOW_SECONDS,
    jti: 'j',
    client_id: 'c',
    sid: SESSION,
    username: 'ann',
    role: 'user',
    session_exp: NOW_SECONDS + 86_400,
  }
  const at = (ageSeconds: number) =>
    openTestApp({
      useCases: {
        checkAccessToken: async () => ({
          outcome: 'valid',
          claims: { ...claims, auth_time: NOW_SECONDS - ageSeconds },
        }),
        dismissNotice: async () => ({ outcome: 'older_session' }),
      },
    }).app
  const codeOf = async (ageSeconds: number, url: string) =>
    (
      await at(ageSeconds).inject({
        method: 'DELETE',
        url: AUTH + url,
        headers: { authorization: 'Bearer x' },
      })
    ).json().error?.code
  expect([await codeOf(900, `/sessions/${ID}`), await codeOf(901, `/sessions/${ID}`)]).toEqual([
    undefined,
    'recent_sign_in_required',
  ])
  expect(await codeOf(90_000, `/sessions/${SESSION}`)).toBeUndefined()
  expect(await codeOf(900, `/notices/${ID}`)).toBe('recent_sign_in_required')
})
