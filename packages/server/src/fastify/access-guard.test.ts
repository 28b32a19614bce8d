import { Readable } from 'node:stream'
import cors from '@fastify/cors'
import { CodedError, type AccessTokenClaims, type ErrorCode } from '@auto-refresh/contracts'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { accessGuard } from './access-guard.ts'
import type { AccessTokenCheck } from '../core/guard.ts'
import { isDue } from '../core/is-due.ts'
import { requireRole } from './require-role.ts'
import type { RefreshCookieSettings } from '../core/refresh-cookie-fields.ts'
import type { PeekResult, RenewalRefusal, RenewResult } from '../core/renewal.ts'

const NOW_SECONDS = 1_800_000_000
const SESSION = '0198c1a0-0000-7000-8000-000000000002'
const claimsWith = (change: Partial<AccessTokenClaims>): AccessTokenClaims => ({
  iss: 'i',
  sub: '0198c1a0-0000-7000-8000-000000000001',
  aud: 'a',
  exp: NOW_SECONDS + 1800,
  iat: NOW_SECONDS - 10,
  jti: 'j',
  client_id: 'c',
  sid: SESSION,
  username: 'ann',
  role: 'user',
  auth_time: NOW_SECONDS - 60,
  session_exp: NOW_SECONDS + 86_400,
  ...change,
})
const TOKENS: Record<string, AccessTokenCheck> = {
  fresh: { outcome: 'valid', claims: claimsWith({}) },
  due: { outcome: 'valid', claims: claimsWith({ exp: NOW_SECONDS + 300 }) },
  almost: { outcome: 'valid', claims: claimsWith({ exp: NOW_SECONDS + 301 }) },
  last: {
    outcome: 'valid',
    claims: claimsWith({ exp: NOW_SECONDS + 10, session_exp: NOW_SECONDS + 10 }),
  },
  expired: { outcome: 'expired', claims: claimsWith({ exp: NOW_SECONDS - 1 }) },
  revoked: { outcome: 'revoked', claims: claimsWith({}) },
  retired: { outcome: 'retired' },
}
const WOULD_RENEW: PeekResult = { outcome: 'would_renew', user: { username: 'ann', role: 'admin' } }
const RENEWED: RenewResult = {
  outcome: 'renewed',
  accessToken: 'new-access',
  refreshToken: 'new-refresh',
  idleUntilMs: (NOW_SECONDS + 604_800) * 1000,
}

type Request = {
  refresh?: string | null
  by?: 'header' | 'cookie'
  url?: string
  headers?: Record<string, string | string[]>
}
type Setup = {
  renewal?: 'none'
  peek?: PeekResult | Error | ((due: { refreshToken: string }) => PeekResult)
  renew?: RenewResult | Error
  cookie?: RefreshCookieSettings
}

function createApp({
  renewal,
  peek = WOULD_RENEW,
  renew = RENEWED,
  cookie = { secure: 'auto', sameSite: 'lax' },
}: Setup = {}) {
  const calls: string[] = []
  const debug: object[] = []
  const answer =
    <T extends object>(name: string, given: T | Error | ((due: { refreshToken: string }) => T)) =>
    async ({ refreshToken, sessionId }: { refreshToken: string; sessionId: string }) => {
      calls.push(`${name} ${refreshToken} ${sessionId === SESSION ? 'own' : sessionId}`)
      const value = typeof given === 'function' ? given({ refreshToken }) : given
      if (value instanceof Error) throw value
      return value
    }
  const app = Fastify()
  void app.register(accessGuard, {
    checkAccessToken: async (token) =>
      token === undefined ? { outcome: 'missing' } : (TOKENS[token] ?? { outcome: 'invalid' }),
    renewal:
      renewal === 'none'
        ? undefined
        : { peek: answer('peek', peek), renew: answer('renew', renew) },
    isDue: (claims) => isDue(claims, { nowMs: NOW_SECONDS * 1000, thresholdSeconds: 300 }),
    cookie,
    clock: { nowMs: () => NOW_SECONDS * 1000 },
    debug: (fields) => debug.push(fields),
  })
  const handle =
    (status: number) =>
    async (request: { user: AccessTokenClaims }, reply: { code(status: number): unknown }) => {
      calls.push(`handler as ${request.user.role}`)
      reply.code(status)
      return { role: request.user.role }
    }
  app.after(() => {
    app.get('/ok', handle(200))
    app.get('/created', handle(201))
    app.get('/not-found', handle(404))
    app.get('/moved', handle(302))
    app.get('/broken', handle(503))
    app.get('/admin', { preHandler: requireRole('admin') }, handle(200))
    app.options('/ok', async () => 'options')
    app.get('/hijack', async (_, reply) => {
      reply.hijack()
      reply.raw.end('own')
    })
  })
  return { app, calls, debug }
}

async function callBackEnd(
  setup: Setup,
  access: string,
  { refresh = 'r1', by = 'header', url = '/ok', headers = {} }: Request = {},
) {
  const { app, calls, debug } = createApp(setup)
  const answer = await app.inject({
    url,
    headers: {
      authorization: `Bearer ${access}`,
      ...(refresh === null
        ? {}
        : by === 'header'
          ? { 'x-refresh-token': refresh }
          : { cookie: `refresh_token=${refresh}` }),
      ...headers,
    },
  })
  return {
    status: answer.statusCode,
    message: String(answer.json().message),
    headers: answer.headers,
    calls,
    debug,
  }
}
const messageOf = (code: ErrorCode) => new CodedError(code).message
const isRenewed = (headers: object) => 'x-token-refreshed' in headers

test('a valid token that is not due is accepted without reading the refresh token', async () => {
  const { status, calls, headers } = await callBackEnd({}, 'fresh', {
    headers: { 'x-refresh-token': ['a', 'b'] },
  })
  expect([status, calls]).toEqual([200, ['handler as user']])
  expect(isRenewed(headers)).toBe(false)
})

test.each(['due', 'expired'])(
  'an %s token is refreshed when the answer is sent, and the handler sees the current role',
  async (access) => {
    const { status, calls, headers } = await callBackEnd({}, access)
    expect([status, calls]).toEqual([200, ['peek r1 own', 'handler as admin', 'renew r1 own']])
    expect(headers).toMatchObject({
      'x-token-refreshed': 'true',
      'x-new-access-token': 'new-access',
      'x-new-refresh-token': 'new-refresh',
      'cache-control': 'no-store, private',
    })
    expect(headers['set-cookie']).toBeUndefined()
  },
)

test('300 seconds before expiry a token is due, 301 seconds before it is not', async () => {
  expect((await callBackEnd({}, 'due')).calls).toContain('peek r1 own')
  expect((await callBackEnd({}, 'almost')).calls).not.toContain('peek r1 own')
})

test('at the end of a session no token is due', async () => {
  expect((await callBackEnd({}, 'last')).calls).toEqual(['handler as user'])
})

test('a token that came by cookie is returned in Set-Cookie only', async () => {
  const { headers } = await callBackEnd({}, 'due', { by: 'cookie' })
  expect(headers).toMatchObject({ 'x-token-refreshed': 'true', 'x-new-access-token': 'new-access' })
  expect(headers['x-new-refresh-token']).toBeUndefined()
  expect(headers['set-cookie']).toBe(
    'refresh_token=new-refresh; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax',
  )
})

test.each<[string, RefreshCookieSettings, string | Record<string, string>, boolean]>([
  ['auto on loopback', { secure: 'auto', sameSite: 'lax' }, 'localhost:8000', false],
  ['auto on 127.0.0.1', { secure: 'auto', sameSite: 'lax' }, '127.0.0.1:8000', false],
  ['auto on [::1]', { secure: 'auto', sameSite: 'lax' }, '[::1]:8000', false],
  [
    'auto on loopback for another site',
    { secure: 'auto', sameSite: 'none' },
    'localhost:8000',
    true,
  ],
  [
    'auto behind a proxy that says https',
    { secure: 'auto', sameSite: 'lax' },
    { host: 'localhost:8000', 'x-forwarded-proto': 'https' },
    true,
  ],
  [
    'auto behind a proxy that names another host',
    { secure: 'auto', sameSite: 'lax' },
    { host: 'localhost:8000', 'x-forwarded-host': 'auth.example' },
    true,
  ],
  [
    'auto for a page of another host',
    { secure: 'auto', sameSite: 'lax' },
    { host: 'localhost:8000', origin: 'https://auth.example' },
    true,
  ],
  [
    'auto behind the proxy of a development server',
    { secure: 'auto', sameSite: 'lax' },
    {
      host: 'localhost:8000',
      origin: 'http://localhost:5173',
      'x-forwarded-host': 'localhost:5173',
      'x-forwarded-proto': 'http',
    },
    false,
  ],
  ['auto elsewhere', { secure: 'auto', sameSite: 'lax' }, 'auth.example', true],
  [
    'auto on a name that only begins with localhost',
    { secure: 'auto', sameSite: 'lax' },
    'localhost.evil.example',
    true,
  ],
  ['true', { secure: 'true', sameSite: 'strict' }, 'localhost', true],
  ['false', { secure: 'false', sameSite: 'lax' }, 'auth.example', false],
])('the cookie is Secure according to COOKIE_SECURE: %s', async (_, cookie, sent, secure) => {
  const { headers } = await callBackEnd({ cookie }, 'due', {
    by: 'cookie',
    headers: typeof sent === 'string' ? { host: sent } : sent,
  })
  expect(String(headers['set-cookie']).includes('Secure')).toBe(secure)
})

test('the cookie has the configured Domain and SameSite', async () => {
  const { headers } = await callBackEnd(
    { cookie: { secure: 'true', sameSite: 'none', domain: 'example.com' } },
    'due',
    { by: 'cookie' },
  )
  expect(headers['set-cookie']).toBe(
    'refresh_token=new-refresh; Max-Age=604800; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=None',
  )
})

test.each(['/not-found', '/moved', '/broken'])(
  'no refresh token is spent on an answer other than 2xx: %s',
  async (url) => {
    for (const access of ['due', 'expired']) {
      const { calls, headers } = await callBackEnd({}, access, { url })
      expect(calls).toEqual(['peek r1 own', 'handler as admin'])
      expect(isRenewed(headers)).toBe(false)
    }
  },
)

test('every 2xx carries new tokens', async () => {
  expect(isRenewed((await callBackEnd({}, 'due', { url: '/created' })).headers)).toBe(true)
})

test('a hijacked reply spends no refresh token', async () => {
  const { app, calls } = createApp()
  const answer = await app.inject({
    url: '/hijack',
    headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' },
  })
  expect([answer.body, calls]).toEqual(['own', ['peek r1 own']])
})

test('a client that disconnects during the handler spends no refresh token', async () => {
  const { app, calls } = createApp()
  app.get('/gone', async (_, reply) => {
    reply.raw.destroy()
    return {}
  })
  await app
    .inject({ url: '/gone', headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' } })
    .catch(() => undefined)
  expect(calls).toEqual(['peek r1 own'])
})

test.each<[string, RenewResult | Error]>([
  ['refused', { outcome: 'revoked' }],
  ['limited', { outcome: 'rate_limited', retryAfterSeconds: 1 }],
  ['impossible', new CodedError('unavailable')],
])('an answer whose refresh ends in %s is sent without new tokens', async (_, renew) => {
  const { status, headers } = await callBackEnd({ renew }, 'expired')
  expect(status).toBe(200)
  expect(isRenewed(headers)).toBe(false)
})

const refused = (outcome: Exclude<RenewalRefusal['outcome'], 'rate_limited'>): RenewalRefusal => ({
  outcome,
})

const fails = (code: ErrorCode) => ({
  status: new CodedError(code).statusCode,
  message: messageOf(code),
  ran: false,
})

describe('the peeked outcome decides before the handler runs', () => {
  const limited: RenewalRefusal = { outcome: 'rate_limited', retryAfterSeconds: 7 }
  const passes = { status: 200, ran: true }

  test.each<[string, Setup, { due: object; expired: object }]>([
    [
      'reuse',
      { peek: refused('reused'), renew: refused('reused') },
      { due: fails('refresh_token_reused'), expired: fails('refresh_token_reused') },
    ],
    [
      'a session that has ended',
      { peek: refused('revoked') },
      { due: fails('refresh_token_revoked'), expired: fails('refresh_token_revoked') },
    ],
    [
      'an inactive user',
      { peek: refused('user_inactive') },
      { due: fails('user_inactive'), expired: fails('user_inactive') },
    ],
    [
      'an expired refresh token',
      { peek: refused('expired') },
      { due: passes, expired: fails('refresh_token_expired') },
    ],
    [
      'an invalid refresh token',
      { peek: refused('invalid') },
      { due: passes, expired: fails('access_token_expired') },
    ],
    [
      'another session',
      { peek: refused('session_mismatch') },
      { due: passes, expired: fails('access_token_expired') },
    ],
    ['a limit', { peek: limited }, { due: passes, expired: fails('rate_limited') }],
    [
      'an unknown outcome',
      { peek: refused('unavailable') },
      { due: passes, expired: fails('unavailable') },
    ],
    [
      'an unavailable token-store',
      { peek: new CodedError('unavailable') },
      { due: passes, expired: fails('unavailable') },
    ],
    ['a bug', { peek: new TypeError('bug') }, { due: passes, expired: fails('unavailable') }],
    [
      'reuse that cannot be reported',
      { peek: refused('reused'), renew: new CodedError('unavailable') },
      { due: passes, expired: fails('unavailable') },
    ],
    [
      'reuse that another request reported',
      { peek: refused('reused'), renew: refused('revoked') },
      { due: fails('refresh_token_revoked'), expired: fails('refresh_token_revoked') },
    ],
    [
      'reuse that is a refresh after all',
      { peek: refused('reused'), renew: RENEWED },
      { due: passes, expired: fails('unavailable') },
    ],
  ])('%s', async (_, setup, expected) => {
    for (const access of ['due', 'expired'] as const) {
      const { status, message, calls, headers } = await callBackEnd(setup, access)
      expect({
        status,
        message,
        ran: calls.some((call) => call.startsWith('handler')),
      }).toMatchObject(expected[access])
      expect(isRenewed(headers)).toBe(false)
    }
  })

  test('only a reuse is sent to renew before the handler', async () => {
    expect(
      (await callBackEnd({ peek: { outcome: 'reused' }, renew: { outcome: 'reused' } }, 'due'))
        .calls,
    ).toEqual(['peek r1 own', 'renew r1 own'])
    expect((await callBackEnd({ peek: { outcome: 'revoked' } }, 'due')).calls).toEqual([
      'peek r1 own',
    ])
  })
})

test.each<
  [string, Parameters<typeof callBackEnd>[1], Parameters<typeof callBackEnd>[2], ErrorCode]
>([
  ['no access token', 'null', {}, 'access_token_missing'],
  ['an empty one', '', {}, 'access_token_missing'],
  ['a forged one', 'forged', {}, 'access_token_invalid'],
  ['a revoked one', 'revoked', {}, 'access_token_revoked'],
  ['an expired one alone', 'expired', { refresh: null }, 'access_token_expired'],
  [
    'an expired one and the word undefined',
    'expired',
    { refresh: 'undefined' },
    'access_token_expired',
  ],
])('%s is a 401 and spends no refresh token', async (_, access, options, code) => {
  const answer = await callBackEnd({}, access, options)
  expect([answer.status, answer.message, answer.calls]).toEqual([401, messageOf(code), []])
})

test('a valid token that is due is accepted without a refresh token', async () => {
  expect(await callBackEnd({}, 'due', { refresh: null })).toMatchObject({
    status: 200,
    calls: ['handler as user'],
  })
})

test('different refresh tokens beside a due access token are 400', async () => {
  expect(
    (await callBackEnd({}, 'due', { headers: { 'x-refresh-token': ['a', 'b'] } })).status,
  ).toBe(400)
})

test('of several refresh cookies, one that would refresh this session wins, and a superseded one beside it raises no alarm', async () => {
  const peeks: Record<string, PeekResult> = {
    old: { outcome: 'reused' },
    planted: { outcome: 'session_mismatch' },
    own: WOULD_RENEW,
  }
  for (const cookies of [
    ['old', 'planted', 'own'],
    ['own', 'old'],
    ['planted', 'own'],
  ]) {
    const { app, calls } = createApp({
      peek: ({ refreshToken }) => peeks[refreshToken] ?? { outcome: 'invalid' },
    })
    const answer = await app.inject({
      url: '/ok',
      headers: {
        authorization: 'Bearer expired',
        cookie: cookies.map((token) => `refresh_token=${token}`).join('; '),
      },
    })
    expect([
      answer.statusCode,
      isRenewed(answer.headers),
      calls.filter((call) => call.startsWith('renew')),
    ]).toEqual([200, true, ['renew own own']])
  }
})

test('OPTIONS needs a live token and never refreshes', async () => {
  const { app, calls } = createApp()
  app.all('/all', async (request) => void calls.push(`handler of ${request.method}`))
  const options = async (url: string, access?: string) =>
    (
      await app.inject({
        method: 'OPTIONS',
        url,
        headers: {
          ...(access === undefined ? {} : { authorization: `Bearer ${access}` }),
          'x-refresh-token': 'r1',
        },
      })
    ).statusCode
  for (const url of ['/ok', '/all'])
    expect([
      await options(url),
      await options(url, 'forged'),
      await options(url, 'expired'),
    ]).toEqual([401, 401, 401])
  expect(calls).toEqual([])
  expect(await options('/all', 'due')).toBe(200)
  expect(calls).toEqual(['handler of OPTIONS'])
})

test('a preflight is answered by a plugin registered before the guard', async () => {
  const app = Fastify()
  void app.register(cors, { origin: 'https://page.example' })
  const calls: string[] = []
  void app.register(async (guarded) => {
    await guarded.register(accessGuard, {
      checkAccessToken: async () => ({ outcome: 'missing' }),
      isDue: () => false,
      cookie: { secure: 'auto', sameSite: 'lax' },
      clock: { nowMs: () => 0 },
    })
    for (const url of ['/all', '/proxied/*'])
      guarded.all(url, async ({ method }) => void calls.push(method))
    guarded.get('/one', async ({ method }) => void calls.push(method))
  })
  const options = (url: string, headers: Record<string, string>) =>
    app.inject({ method: 'OPTIONS', url, headers })
  for (const url of ['/all', '/proxied/x', '/one']) {
    const answer = await options(url, {
      origin: 'https://page.example',
      'access-control-request-method': 'GET',
    })
    expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://page.example',
    ])
    expect((await options(url, {})).statusCode).toBeGreaterThanOrEqual(400)
  }
  expect(calls).toEqual([])
})

test('HEAD is checked and refreshed like GET', async () => {
  const { app, calls } = createApp()
  expect((await app.inject({ method: 'HEAD', url: '/ok' })).statusCode).toBe(401)
  expect(calls).toEqual([])
  const answer = await app.inject({
    method: 'HEAD',
    url: '/ok',
    headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' },
  })
  expect([answer.statusCode, isRenewed(answer.headers), calls]).toEqual([
    200,
    true,
    ['peek r1 own', 'handler as admin', 'renew r1 own'],
  ])
})

test('an upgrade needs a live token and never refreshes', async () => {
  expect(
    (await callBackEnd({}, 'due', { headers: { upgrade: 'websocket', connection: 'upgrade' } }))
      .calls,
  ).toEqual(['handler as user'])
  for (const [access, code] of [
    ['expired', 'access_token_expired'],
    ['forged', 'access_token_invalid'],
    ['', 'access_token_missing'],
  ] as const) {
    const answer = await callBackEnd({}, access, { headers: { upgrade: 'websocket' } })
    expect([answer.status, answer.message, answer.calls]).toEqual([401, messageOf(code), []])
  }
})

test.each<[string, Record<string, string>]>([
  ['nginx auth_request', { 'x-original-uri': '/app/page?a=1' }],
  ['ingress-nginx', { 'x-original-url': 'https://app.example/app/page' }],
  ['Traefik and Caddy', { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/' }],
])('an authentication subrequest of a proxy never refreshes: %s', async (_, headers) => {
  expect((await callBackEnd({}, 'due', { headers })).calls).toEqual(['handler as user'])
  const answer = await callBackEnd({}, 'expired', { headers })
  expect([answer.status, answer.message, answer.calls]).toEqual([
    401,
    messageOf('access_token_expired'),
    [],
  ])
})

test.each<Record<string, string>>([
  { 'x-original-uri': '/ok?a=1' },
  { 'x-original-url': 'https://app.example/ok' },
  { 'x-forwarded-uri': '/prefix/ok' },
  { 'x-forwarded-uri': '' },
])(
  'a proxy that sends the path with every request does not disable refreshes: %o',
  async (headers) => {
    expect(isRenewed((await callBackEnd({}, 'due', { headers })).headers)).toBe(true)
  },
)

test('requireRole checks the current role', async () => {
  expect((await callBackEnd({}, 'fresh', { url: '/admin' })).status).toBe(403)
  expect((await callBackEnd({}, 'expired', { url: '/admin' })).status).toBe(200)
  expect(
    (
      await callBackEnd(
        { peek: { outcome: 'would_renew', user: { username: 'ann', role: 'user' } } },
        'expired',
        { url: '/admin' },
      )
    ).status,
  ).toBe(403)
})

test('the debug lines have the decision and never a token', async () => {
  const { debug } = await callBackEnd({}, 'due')
  expect(debug).toEqual([
    {
      request_id: expect.any(String),
      session_id: SESSION,
      access: 'valid',
      due: true,
      transport: 'header',
      peeked: 'would_renew',
      action: 'renew',
    },
    { request_id: expect.any(String), session_id: SESSION, renewed: 'renewed' },
  ])
})

test.each<[string, Parameters<typeof callBackEnd>, object]>([
  ['a token is not due', [{}, 'fresh'], { access: 'valid', due: false, action: 'go_on' }],
  [
    'no refresh token comes with it',
    [{}, 'due', { refresh: null }],
    { due: true, transport: 'none', action: 'go_on' },
  ],
  [
    'refreshing is not configured',
    [{ renewal: 'none' }, 'due'],
    { access: 'valid', due: true, transport: 'none', action: 'go_on' },
  ],
  [
    'it has expired and refreshing is not configured',
    [{ renewal: 'none' }, 'expired'],
    {
      access: 'expired',
      due: true,
      transport: 'none',
      action: 'refuse',
      code: 'access_token_expired',
    },
  ],
  [
    'its refresh token is invalid',
    [{ peek: { outcome: 'invalid' } }, 'expired'],
    { peeked: 'invalid', action: 'refuse', code: 'access_token_expired' },
  ],
  [
    'it is forged',
    [{}, 'forged'],
    { access: 'invalid', action: 'refuse', code: 'access_token_invalid' },
  ],
])('the debug line when %s', async (_, request, said) => {
  const { debug } = await callBackEnd(...request)
  expect(debug).toEqual([expect.objectContaining(said)])
})

test('without a renewal a due token is accepted, and an expired one is a 401', async () => {
  expect(await callBackEnd({ renewal: 'none' }, 'due')).toMatchObject({
    status: 200,
    calls: ['handler as user'],
  })
  expect(await callBackEnd({ renewal: 'none' }, 'expired')).toMatchObject({
    status: 401,
    message: messageOf('access_token_expired'),
    calls: [],
  })
})

test('a page on another origin can read the new tokens and the headers that the application exposes', async () => {
  const { app } = createApp()
  app.addHook(
    'onRequest',
    async (_, reply) =>
      void reply.header('access-control-expose-headers', 'X-Total, X-Token-Refreshed'),
  )
  const answer = await app.inject({
    url: '/ok',
    headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' },
  })
  expect(answer.headers['access-control-expose-headers']).toBe(
    'X-Total, X-Token-Refreshed, x-new-access-token, x-new-refresh-token',
  )
})

test('a streamed answer has the new tokens before its first byte', async () => {
  const { app, calls } = createApp()
  app.get('/stream', async (_, reply) => reply.send(Readable.from(['one', 'two'])))
  const answer = await app.inject({
    url: '/stream',
    headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' },
  })
  expect([answer.body, answer.headers['x-new-refresh-token'], calls]).toEqual([
    'onetwo',
    'new-refresh',
    ['peek r1 own', 'renew r1 own'],
  ])
})

test('the user is null before the guard accepts the request, so hooks, error handlers and log serializers can read it', async () => {
  const { app } = createApp()
  app.setErrorHandler(async (_, request) => ({ user: request.user }))
  expect((await app.inject({ url: '/ok' })).json()).toEqual({ user: null })
})

test('a token of a retired key asks the client for a refresh and spends no refresh token', async () => {
  for (const refresh of ['r1', null]) {
    const { status, message, calls } = await callBackEnd({}, 'retired', { refresh })
    expect([status, message, calls]).toEqual([401, messageOf('access_token_expired'), []])
  }
})
