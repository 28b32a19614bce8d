import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askRaw } from './harness/ask-raw.ts'
import { openWebSocket } from './harness/open-web-socket.ts'
import { startEcho, valuesOf, type Echo } from './harness/start-echo.ts'
import { PROXIES, startProxy } from './harness/start-proxy.ts'
import { startVerifyDouble, toLines, USER } from './harness/start-verify-double.ts'

/** The samples of deploy/forward-auth in their real proxies, before an auth-api that says what the test wants. */
let application: Awaited<ReturnType<typeof startEcho>>
let authApi: Awaited<ReturnType<typeof startVerifyDouble>>

beforeAll(async () => {
  application = await startEcho()
  authApi = await startVerifyDouble()
})
afterAll(async () => {
  await Promise.all([application.close(), authApi.close()])
})

const COOKIES = [
  'refresh_token=art_2; Max-Age=604799; Path=/; HttpOnly; SameSite=Lax',
  'access_token=new; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax',
]
const cookieHeaders = (cookies: string[]) =>
  cookies.flatMap((cookie, i) => ['Set-Cookie', cookie, `X-Auth-Set-Cookie-${i + 1}`, cookie])
const REFRESHED = {
  status: 200,
  headers: [
    ...USER,
    ...cookieHeaders(COOKIES),
    ...toLines({
      'Cache-Control': 'no-store, private',
      'X-Token-Refreshed': 'true',
      'X-New-Access-Token': 'new',
    }),
  ],
}
const refusal = (status: number, code: string, headers: string[] = []) => ({
  status,
  headers: [
    ...headers,
    ...toLines({
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store, private',
      'X-Auth-Error': code,
      ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    }),
  ],
  body: JSON.stringify({
    status,
    message: 'a message',
    data: null,
    error: { code, retryable: status === 429 || status === 503, request_id: 'r' },
  }),
})
const IDENTITY = ['x-auth-user', 'x-auth-username', 'x-auth-role', 'x-auth-session']

describe.each(PROXIES)('%s', (engine) => {
  let proxy: Awaited<ReturnType<typeof startProxy>>
  beforeAll(async () => {
    proxy = await startProxy(engine, { authApi: authApi.port, application: application.port })
  })
  afterAll(() => proxy.stop())
  beforeEach(() => {
    authApi.answer = { status: 200, headers: USER }
    application.received.length = 0
    authApi.calls.length = 0
  })
  const ask = (path: string, options?: Parameters<typeof askRaw>[2]) =>
    askRaw(proxy.url, path, options)
  const asked = () => authApi.calls.at(-1) as Echo

  test('the application learns the user from auth-api only', async () => {
    // nginx replaces the names that it knows.
    const others = engine === 'nginx' ? [] : ['X-Auth-Groups', 'x_auth_groups']
    const forged = ['X-Auth-User', 'x-auth-user', 'X_Auth_User', 'X-Auth_User', 'X_auth-User']
    const lies = [...forged, 'X-Auth-Role', 'x_auth_role', ...others].flatMap((name) => [
      name,
      'forged',
    ])
    const hop = ['Connection', 'close, X-Auth-User, X-Auth-Session, X-Forwarded-Method']
    const { headers } = (await ask('/page', { headers: [...lies, ...hop] })).json()
    expect(IDENTITY.map((name) => valuesOf(headers, name))).toEqual([
      ['user-1'],
      ['J%C3%BCrgen'],
      ['editor'],
      ['session-1'],
    ])
    expect(headers).not.toContain('forged')

    // An older auth-api may leave one out; a public path has none.
    authApi.answer = { status: 200, headers: USER.slice(0, 2) }
    const partial = (await ask('/page', { headers: lies })).json().headers
    expect(partial).not.toContain('forged')
    expect(partial).toContain('user-1')
    const open = (await ask('/public/page', { headers: lies })).json().headers
    expect(open).not.toContain('forged')
    expect(IDENTITY.flatMap((name) => valuesOf(open, name))).toEqual([])
  })

  test('auth-api learns the request from the proxy only, and gets no body', async () => {
    const lies = ['Method', 'Uri', 'Host', 'Proto', 'For'].flatMap((name) => [
      `X-Forwarded-${name}`,
      'forged',
    ])
    const answer = await ask('/page?a=1&b=%20', {
      method: 'POST',
      body: 'a body',
      headers: [
        ...lies,
        ...toLines({
          'X-Original-Method': 'GET',
          'X-Refresh-Token': 'forged',
          Host: 'app.example.com',
          Authorization: 'Bearer a.b.c',
          Cookie: 'a=1; b=2',
          Origin: 'https://app.example.com',
          Connection: 'close, X-Forwarded-Method',
        }),
      ],
    })
    expect(answer.json()).toMatchObject({
      method: 'POST',
      url: '/page?a=1&b=%20',
      body: 'a body',
    })
    expect(asked()).toMatchObject({
      method: 'GET',
      url: '/api/v1/auth/verify?refresh=cookie',
      body: '',
    })
    expect(asked().headers).not.toContain('forged')
    const lines = {
      'x-forwarded-method': 'POST',
      'x-forwarded-uri': '/page?a=1&b=%20',
      'x-forwarded-host': 'app.example.com',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
      authorization: 'Bearer a.b.c',
      cookie: 'a=1; b=2',
      origin: 'https://app.example.com',
    }
    const sent = Object.keys(lines).map((name) => [name, valuesOf(asked().headers, name).join('|')])
    expect(Object.fromEntries(sent)).toEqual(lines)
    for (const name of ['content-length', 'transfer-encoding', 'x-original-method'])
      expect(valuesOf(asked().headers, name)).toEqual([])
  })

  test.each([
    ['a page', '?cookies=2&cache=public,max-age=60', 200, 2],
    ['a stream', '?stream=1&cookies=1&cache=public', 200, 1],
    ['an error of the application', '?status=500&cookies=1', 500, 1],
    ['a refusal of the application', '?status=401', 401, 0],
    ['an unknown page', '?status=404&cache=public', 404, 0],
    ['a redirection', '?status=302', 302, 0],
  ])('a refreshed pair reaches the browser with %s', async (_, query, status, own) => {
    authApi.answer = REFRESHED
    const answer = await ask(`/page${query}`)
    expect(answer.status).toBe(status)
    const cookies = answer.all('set-cookie')
    expect(cookies.toSorted()).toEqual(
      [...COOKIES, ...Array.from({ length: own }, (__, i) => `own_${i}=1`)].toSorted(),
    )
    expect(answer.all('cache-control')).toEqual(['no-store, private'])
    expect(answer.all('x-token-refreshed')).toEqual(['true'])
    expect(answer.all('x-new-access-token')).toEqual(['new'])
    expect(answer.all('x-auth-set-cookie-1')).toEqual([])
    // The body is the application's.
    expect(answer.json().url).toBe(`/page${query}`)
  })

  test('without a refresh the response is the one of the application', async () => {
    const answer = await ask('/page?cookies=1&cache=public')
    expect(answer.all('cache-control')).toEqual(['public'])
    expect(answer.all('set-cookie')).toEqual(['own_0=1'])
    for (const name of ['x-token-refreshed', 'x-new-access-token', 'retry-after', 'x-auth-user'])
      expect(answer.all(name)).toEqual([])
  })

  test.each([
    [401, 'access_token_expired', []],
    [
      401,
      'refresh_token_reused',
      cookieHeaders(['refresh_token=; Max-Age=0', 'access_token=; Max-Age=0']),
    ],
    [403, 'csrf_rejected', []],
    [429, 'rate_limited', ['Retry-After', '7']],
    [503, 'unavailable', ['Retry-After', '7']],
    [400, 'invalid_request', []],
  ])('a %i %s arrives as such', async (status, code, headers) => {
    authApi.answer = refusal(status, code, headers)
    const answer = await ask('/page', { method: 'POST', body: 'a body' })
    expect(application.received).toEqual([])
    expect(answer.json()).toMatchObject({
      status,
      data: null,
      error: { code, retryable: status === 429 || status === 503 },
    })
    expect([answer.status, answer.all('content-type').join().split(';')[0]]).toEqual([
      status,
      'application/json',
    ])
    expect(answer.all('retry-after')).toEqual(headers.includes('Retry-After') ? ['7'] : [])
    expect(answer.all('www-authenticate')).toEqual(status === 401 ? ['Bearer'] : [])
    expect(answer.all('cache-control')).toEqual(['no-store, private'])
    expect(answer.all('set-cookie')).toEqual(valuesOf(headers, 'set-cookie'))
    expect(answer.all('x-auth-set-cookie-1')).toEqual([])
  })

  test.each(['500', '502', '404', '302', 'cut', 'hang'])(
    'auth-api out of order (%s): 503, never a page and never a 401',
    async (what) => {
      authApi.answer =
        what === 'cut' || what === 'hang' ? what : { status: Number(what), headers: USER }
      const answer = await ask('/page')
      expect(application.received).toEqual([])
      expect([answer.status, answer.json().error.code]).toEqual([503, 'unavailable'])
      expect(answer.all('retry-after')).toEqual(['2'])
      expect(answer.all('cache-control')).toEqual(['no-store, private'])
    },
  )

  test('a WebSocket opens after a successful check only, which knows what it is', async () => {
    expect(await openWebSocket(proxy.port, [])).toEqual({ status: 101, received: 'ping' })
    expect(valuesOf(asked().headers, 'sec-websocket-key')).toHaveLength(1)
    expect(valuesOf(asked().headers, 'upgrade')).toEqual([])
    expect(valuesOf(application.received[0]?.headers ?? [], 'x-auth-user')).toEqual(['user-1'])
    authApi.answer = refusal(403, 'csrf_rejected')
    expect((await openWebSocket(proxy.port, [])).status).toBe(403)
    expect(application.received).toHaveLength(1)
  })

  test('/admin requires the role, however it is written; ambiguous paths are refused', async () => {
    for (const path of ['/admin', '/admin/users?a=1', '/ADMIN', '/%61dmin']) {
      await ask(path)
      expect([path, asked().url]).toEqual([path, '/api/v1/auth/verify?refresh=cookie&role=admin'])
    }
    application.received.length = 0
    for (const path of [
      '/public/..%2fadmin',
      '/public/../admin',
      '/admin/..%2Fpublic/',
      '/x\\admin',
      '//admin',
    ])
      expect([path, (await ask(path)).status]).toEqual([path, 400])
    expect(application.received).toEqual([])
  })

  test('sign-in and sign-out reach auth-api without a check, its internal paths do not', async () => {
    await ask('/api/v1/auth/token?a=1', {
      method: 'POST',
      body: 'a body',
      headers: ['X-Forwarded-For', 'forged'],
    })
    expect(authApi.calls).toMatchObject([
      { method: 'POST', url: '/api/v1/auth/token?a=1', body: 'a body' },
    ])
    expect(valuesOf(asked().headers, 'x-forwarded-for')).toEqual(['127.0.0.1'])
    authApi.calls.length = 0
    for (const name of ['revocations', 'renewals', 'renewals/peek', 'verify', '%72evocations'])
      expect((await ask(`/api/v1/auth/${name}`)).json().error.code).toBe('not_found')
    expect(authApi.calls).toEqual([])
    authApi.answer = 'cut'
    const answer = await ask('/api/v1/auth/me')
    expect([answer.status, answer.all('retry-after')]).toEqual([503, ['2']])
  })

  test('an access token of 8 kB fits', async () => {
    const token = 'x'.repeat(8192)
    authApi.answer = {
      status: 200,
      headers: [...USER, 'X-Token-Refreshed', 'true', 'X-New-Access-Token', token].concat(
        cookieHeaders([`access_token=${token}`]),
      ),
    }
    const answer = await ask('/page', { headers: ['Authorization', `Bearer ${token}`] })
    expect(answer.all('set-cookie')).toEqual([`access_token=${token}`])
    expect(answer.all('x-new-access-token')).toEqual([token])
    expect(valuesOf(asked().headers, 'authorization')).toEqual([`Bearer ${token}`])
  })
})
