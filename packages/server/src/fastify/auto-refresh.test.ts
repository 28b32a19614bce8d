import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { autoRefresh, type AutoRefreshOptions } from './auto-refresh.ts'
import { requireRole } from './require-role.ts'
import { ISSUER, SESSION, startFakeAuthApi, USER } from '../testing/start-fake-auth-api.ts'

let authApi: Awaited<ReturnType<typeof startFakeAuthApi>>
const closers: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  // On a busy machine nothing here counts as late; call-auth-api.test.ts covers hanging calls.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal)
  authApi = await startFakeAuthApi()
  closers.push(() => authApi.close())
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  vi.restoreAllMocks()
})

/** A back end with its own error handler. */
function createBackEnd(options: Partial<AutoRefreshOptions> = {}) {
  const app = Fastify({ trustProxy: true })
  closers.push(() => app.close())
  app.setErrorHandler((error, _, reply) => reply.code(418).send({ own: String(error) }))
  app.get('/open', async () => ({ open: true }))
  void app.register(async (guarded) => {
    await guarded.register(autoRefresh, {
      issuer: ISSUER,
      authApiUrl: authApi.url,
      apiKey: 'api-key',
      ...options,
    })
    guarded.get('/cases', async ({ user }) => ({
      for: user.username,
      role: user.role,
      feedAgeSeconds: guarded.autoRefresh.feedAgeSeconds(),
    }))
    guarded.get('/missing', async (_, reply) => reply.code(404).send({}))
    guarded.get('/admin', { preHandler: requireRole('admin') }, async () => ({}))
    guarded.get('/ready', async () => ({ ready: guarded.autoRefresh.isReady() }))
  })
  return app
}
const get = async (
  app: ReturnType<typeof createBackEnd>,
  access: string | undefined,
  url = '/cases',
  headers: Record<string, string> = { 'x-refresh-token': 'r1' },
) =>
  app.inject({
    url,
    headers: { ...(access === undefined ? {} : { authorization: `Bearer ${access}` }), ...headers },
  })

test('a back end accepts a live access token without a call to auth-api', async () => {
  const answer = await get(createBackEnd(), await authApi.sign())
  expect(answer.json()).toEqual({ for: 'ann', role: 'user', feedAgeSeconds: expect.any(Number) })
  expect([answer.headers['x-token-refreshed'], authApi.state.calls]).toEqual([undefined, []])
})

test('a due token is refreshed by auth-api with the address and agent of the user', async () => {
  const headers = {
    'x-refresh-token': 'r1',
    'x-forwarded-for': '203.0.113.9',
    'user-agent': 'phone',
  }
  const answer = await get(
    createBackEnd(),
    await authApi.sign({ leftSeconds: 300 }),
    '/cases',
    headers,
  )
  expect([answer.statusCode, answer.json().role]).toEqual([200, 'admin'])
  expect(answer.headers).toMatchObject({
    'x-token-refreshed': 'true',
    'x-new-access-token': 'a2',
    'x-new-refresh-token': 'r2',
    'cache-control': 'no-store, private',
    'access-control-expose-headers': 'x-token-refreshed, x-new-access-token, x-new-refresh-token',
  })
  const body = {
    refresh_token: 'r1',
    expected_session_id: SESSION,
    client: { address: '203.0.113.9', agent: 'phone' },
  }
  expect(authApi.state.calls).toEqual([
    { call: 'renewals/peek', key: 'Bearer api-key', body },
    { call: 'renewals', key: 'Bearer api-key', body },
  ])
})

test('a refresh token that came by cookie is returned by cookie only', async () => {
  const answer = await get(
    createBackEnd({ cookie: { sameSite: 'strict', domain: 'example.com' } }),
    await authApi.sign({ leftSeconds: -5 }),
    '/cases',
    { cookie: 'refresh_token=r1' },
  )
  expect(answer.headers['set-cookie']).toMatch(
    /^refresh_token=r2; Max-Age=(?:60479\d|604800); Domain=example.com; Path=\/; HttpOnly; SameSite=Strict$/,
  )
  expect(answer.headers['x-new-refresh-token']).toBeUndefined()
})

test('no refresh token is spent on a 4xx', async () => {
  const answer = await get(createBackEnd(), await authApi.sign({ leftSeconds: 100 }), '/missing')
  expect([answer.statusCode, authApi.state.calls.map(({ call }) => call)]).toEqual([
    404,
    ['renewals/peek'],
  ])
})

test('a short-lived token is not due before half of its life, whatever the threshold', async () => {
  expect(
    (await get(createBackEnd(), await authApi.sign({ leftSeconds: 170, lifeSeconds: 280 })))
      .headers['x-token-refreshed'],
  ).toBeUndefined()
  expect(
    (await get(createBackEnd(), await authApi.sign({ leftSeconds: 120, lifeSeconds: 280 })))
      .headers['x-token-refreshed'],
  ).toBe('true')
})

test('without refreshes a due token is accepted, and an expired one is a 401', async () => {
  const app = createBackEnd({ refresh: false })
  expect((await get(app, await authApi.sign({ leftSeconds: 100 }))).statusCode).toBe(200)
  expect((await get(app, await authApi.sign({ leftSeconds: -10 }))).json().error.code).toBe(
    'access_token_expired',
  )
  expect(authApi.state.calls).toEqual([])
})

test("a refusal has the envelope of auth-api, whatever the back end's error handler does", async () => {
  const app = createBackEnd()
  const missing = await get(app, undefined)
  expect(missing.json()).toEqual({
    status: 401,
    message: expect.any(String),
    data: null,
    error: { code: 'access_token_missing', retryable: false, request_id: expect.any(String) },
  })
  expect(missing.headers).toMatchObject({
    'www-authenticate': 'Bearer',
    'cache-control': 'no-store, private',
  })
  expect((await get(app, await authApi.sign(), '/admin')).json().error.code).toBe('forbidden')
  authApi.state.peek = { outcome: 'rate_limited', retry_after_seconds: 7 }
  const limited = await get(app, await authApi.sign({ leftSeconds: -5 }))
  expect([
    limited.statusCode,
    limited.headers['retry-after'],
    limited.json().error.retryable,
  ]).toEqual([429, '7', true])
  expect((await get(app, undefined, '/open')).json()).toEqual({ open: true })
})

test('a revoked session is refused as soon as the list contains it', async () => {
  const app = createBackEnd()
  const access = await authApi.sign()
  expect((await get(app, access)).statusCode).toBe(200)
  authApi.state.revoked.push(SESSION)
  await vi.waitFor(
    async () => expect((await get(app, access)).json().error?.code).toBe('access_token_revoked'),
    { timeout: 20_000, interval: 50 },
  )
})

test('while auth-api is unavailable a live token is accepted, an expired one is a retryable 503, and an unknown kid is no 401', async () => {
  const app = createBackEnd()
  const [live, due, expired, unknown] = await Promise.all([
    authApi.sign(),
    authApi.sign({ leftSeconds: 100 }),
    authApi.sign({ leftSeconds: -10 }),
    authApi.sign({ kid: 'key-2' }),
  ])
  expect((await get(app, live)).statusCode).toBe(200)
  await authApi.close()
  for (const access of [live, due]) expect((await get(app, access)).statusCode).toBe(200)
  const answer = await get(app, expired)
  expect([
    answer.statusCode,
    answer.json().error.code,
    Number(answer.headers['retry-after']),
  ]).toEqual([503, 'unavailable', expect.any(Number)])
  await vi.waitFor(async () => expect((await get(app, unknown)).statusCode).toBe(503), {
    timeout: 20_000,
    interval: 200,
  })
})

test('every token gets a 503 until keys and revocations have been read once', async () => {
  const app = createBackEnd({ apiKey: 'wrong-key' })
  const answer = await get(app, await authApi.sign())
  expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'unavailable'])
  expect((await get(app, undefined, '/open')).statusCode).toBe(200)
  const good = createBackEnd()
  expect((await get(good, await authApi.sign(), '/ready')).json()).toEqual({ ready: true })
})

test('a token with an outdated role asks for a refresh, and is refreshed if a refresh token comes with it', async () => {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const change = (role: string) => [
    { user_id: USER, role, issued_before: nowSeconds + 10, expires_in: 600 },
  ]
  authApi.state.roleChanges = change('viewer')
  const app = createBackEnd()
  const token = await authApi.sign({ leftSeconds: 1790 })
  const alone = await get(app, token, '/cases', {})
  expect([alone.statusCode, alone.json().error.code]).toEqual([401, 'access_token_expired'])
  authApi.state.peek = { outcome: 'would_renew', user: { username: 'ann', role: 'viewer' } }
  const renewed = await get(app, token)
  expect([renewed.json().role, renewed.headers['x-new-access-token']]).toEqual(['viewer', 'a2'])
  authApi.state.roleChanges = change('user')
  const again = createBackEnd()
  expect((await get(again, token, '/cases', {})).statusCode).toBe(200)
})

test.each<[string, Partial<AutoRefreshOptions>]>([
  ['no issuer', { issuer: '' }],
  ['no key', { apiKey: '' }],
  ['no URL', { authApiUrl: 'auth-api:8000' }],
  ['a JWKS that is a file', { jwksUrl: 'file:///jwks.json' }],
  ['a threshold that is none', { autoRefreshThreshold: Number.NaN }],
])('%s fails the registration', async (_, options) => {
  await expect(createBackEnd(options).ready()).rejects.toThrow(TypeError)
})

/** A back end with another plugin registered first; returns what it logged. */
async function createBackEndWith(
  prepare: (app: FastifyInstance) => void,
  options: Partial<AutoRefreshOptions> = {},
) {
  const lines: string[] = []
  const serializers = {
    req: (request: object) => ({
      user: (request as { user?: { username: string } | null }).user?.username ?? null,
    }),
  }
  const app = Fastify({
    logger: {
      level: 'info',
      serializers,
      stream: { write: (line: string) => void lines.push(line) },
    },
  })
  closers.push(() => app.close())
  prepare(app)
  await app.register(async (guarded) => {
    await guarded.register(autoRefresh, {
      issuer: ISSUER,
      authApiUrl: authApi.url,
      apiKey: 'api-key',
      ...options,
    })
    guarded.get('/cases', async (request) => ({
      for: Reflect.get(request, options.decorator ?? 'user').username,
    }))
    guarded.get('/admin', { preHandler: requireRole('admin') }, async () => ({}))
  })
  return {
    app,
    log: () =>
      lines.map((line) => JSON.parse(line) as { msg: string; configured?: object; token?: object }),
  }
}

const decorateUser = (app: FastifyInstance, value: unknown) =>
  app.decorateRequest('user' as string, value as never)

test("request.user holds the guard's user even if another plugin has decorated it, as @fastify/jwt does", async () => {
  const { app } = await createBackEndWith((parent) => void decorateUser(parent, null))
  expect((await get(app, await authApi.sign())).json().for).toBe('ann')
})

test('requireRole ignores what another plugin writes to request.user', async () => {
  const { app } = await createBackEndWith((parent) => {
    decorateUser(parent, null)
    parent.addHook(
      'preHandler',
      async (request) => void Reflect.set(request, 'user', { role: 'admin' }),
    )
  })
  expect((await get(app, await authApi.sign(), '/admin')).statusCode).toBe(403)
})

test('the option decorator names the property of the user', async () => {
  const { app } = await createBackEndWith(
    (parent) => void decorateUser(parent, { getter: () => 'theirs' }),
    { decorator: 'session' },
  )
  expect((await get(app, await authApi.sign())).json().for).toBe('ann')
})

test('a log serializer may read the user on guarded and on open routes', async () => {
  const { app } = await createBackEndWith((parent) => void parent.get('/open', async () => ({})))
  for (const url of ['/open', '/cases', '/nowhere'])
    expect((await get(app, undefined, url)).statusCode).toBeLessThan(500)
  expect((await get(app, await authApi.sign())).statusCode).toBe(200)
})

test.each<[string, Partial<AutoRefreshOptions>]>([
  ['an issuer with a slash at its end', { issuer: `${ISSUER}/` }],
  ['the audience of another', { audience: 'another' }],
])(
  '%s in the options is a retryable 503 for authentic tokens, logged once with both values',
  async (_, options) => {
    const { app, log } = await createBackEndWith(() => {}, options)
    const [live, forged] = [await authApi.sign(), `${(await authApi.sign()).slice(0, -6)}AAAAAA`]
    for (let times = 0; times < 3; times += 1) {
      const answer = await get(app, live)
      expect([answer.statusCode, answer.json().error]).toMatchObject([
        503,
        { code: 'unavailable', retryable: true },
      ])
    }
    expect((await get(app, forged)).json().error.code).toBe('access_token_invalid')
    const warnings = log().filter(({ msg }) => msg.startsWith('Access tokens rejected'))
    const token = { issuer: ISSUER, audience: 'auto-refresh' }
    expect(warnings).toEqual([
      expect.objectContaining({ configured: { ...token, ...options }, token }),
    ])
  },
)

test.each([
  ['behind by 15 s', 15_000],
  ['behind by 40 min', 2_400_000],
  ['ahead by 40 min', -2_400_000],
])(
  "a back end whose clock is %s judges tokens by auth-api's time and logs one warning",
  async (_, aheadMs) => {
    authApi.state.aheadMs = aheadMs
    const app = createBackEnd({ refresh: false })
    const warn = vi.spyOn(app.log, 'warn')
    expect((await get(app, await authApi.sign())).statusCode).toBe(200)
    expect((await get(app, await authApi.sign({ leftSeconds: -5 }))).json().error).toMatchObject({
      code: 'access_token_expired',
    })
    await vi.waitFor(() => expect(authApi.state.feedRequests).toBeGreaterThan(2), {
      timeout: 20_000,
    })
    const lines = warn.mock.calls.filter((call) =>
      String(call[1]).includes('Clock of this machine differs'),
    )
    expect(lines).toEqual([[{ offsetSeconds: Math.round(aheadMs / 1000) }, expect.any(String)]])
  },
)

test("without auth-api's time, a back end whose clock is behind answers a fresh token with a retryable 503, never a 401", async () => {
  const app = createBackEnd()
  authApi.state.aheadMs = 15_000
  const token = await authApi.sign()
  authApi.state.aheadMs = undefined
  const answer = await get(app, token)
  expect([answer.statusCode, answer.json().error]).toEqual([
    503,
    expect.objectContaining({ code: 'unavailable', retryable: true }),
  ])
  expect(answer.headers['retry-after']).toBeDefined()
})
