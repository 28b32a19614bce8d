import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { serve, type ServerType } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { startFakeAuthApi, ISSUER } from '../testing/start-fake-auth-api.ts'
import { autoRefresh, type FetchAuth } from './auto-refresh.ts'
import { requireRole } from './require-role.ts'
import type { User } from '../core/user.ts'

let authApi: Awaited<ReturnType<typeof startFakeAuthApi>>
let auth: FetchAuth
beforeAll(async () => {
  authApi = await startFakeAuthApi()
  auth = autoRefresh({ issuer: ISSUER, authApiUrl: authApi.url, apiKey: 'api-key' })
})
afterAll(async () => {
  await auth.close()
  await authApi.close()
})
beforeEach(() => void authApi.state.calls.splice(0))

const calls = () => authApi.state.calls.map(({ call }) => call)

async function due({
  headers: more,
  signal = new AbortController().signal,
}: { headers?: Record<string, string>; signal?: AbortSignal } = {}): Promise<Request> {
  const access = await authApi.sign({ leftSeconds: 100 })
  const headers = { authorization: `Bearer ${access}`, 'x-refresh-token': 'r1' }
  return new Request('http://127.0.0.1/cases', { signal, headers: { ...headers, ...more } })
}

test('nothing is read before the first request, which waits for keys and revocations', async () => {
  const before = authApi.state.feedRequests
  const lazy = autoRefresh({ issuer: ISSUER, authApiUrl: authApi.url, apiKey: 'api-key' })
  expect([lazy.isReady(), authApi.state.feedRequests]).toEqual([false, before])
  const answer = await lazy(({ url }, { user }) => Response.json({ url, user }))(await due())
  expect([answer.status, lazy.isReady(), lazy.feedAgeSeconds() < 60]).toEqual([200, true, true])
  await lazy.close()
})

test('the response of the handler is returned itself, with the new tokens', async () => {
  const own = new Response('text', {
    headers: [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
  })
  const answer = await auth(() => own)(await due({ headers: { cookie: 'x=1' } }))
  expect(answer).toBe(own)
  expect(answer.headers.get('x-new-access-token')).toBe('a2')
  expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
})

test('a cookie is added to those of the handler', async () => {
  const access = await authApi.sign({ leftSeconds: 100 })
  const request = new Request('http://127.0.0.1/', {
    headers: { authorization: `Bearer ${access}`, cookie: 'refresh_token=r1' },
  })
  const own = new Response(null, { status: 204, headers: { 'set-cookie': 'a=1' } })
  const answer = await auth(() => own)(request)
  expect(answer.headers.getSetCookie()).toEqual([
    'a=1',
    expect.stringMatching(/^refresh_token=r2;/),
  ])
})

test('a response with immutable headers is copied, with its status, headers and body', async () => {
  const answer = await auth(() => fetch('data:text/plain,from%20elsewhere'))(await due())
  expect([answer.status, await answer.text()]).toEqual([200, 'from elsewhere'])
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'text/plain',
    'x-new-refresh-token': 'r2',
  })
})

test('an immutable response whose body is used up spends nothing', async () => {
  const handler = async () => {
    const response = await fetch('data:text/plain,read')
    await response.text()
    return response
  }
  await expect(auth(handler)(await due())).rejects.toThrow(TypeError)
  expect(calls()).toEqual(['renewals/peek'])
})

const upgraded = () =>
  Object.defineProperties(new Response(), { status: { value: 101 }, ok: { value: false } })

test.each<[string, () => Response]>([
  ['Response.error()', () => Response.error()],
  ['Response.redirect()', () => Response.redirect('http://127.0.0.1/')],
  ['an upgrade', upgraded],
  ['NextResponse.next()', () => new Response(null, { headers: { 'x-middleware-next': '1' } })],
  [
    'NextResponse.rewrite()',
    () => new Response(null, { headers: { 'x-middleware-rewrite': '/' } }),
  ],
])('%s is returned untouched and spends nothing', async (_, create) => {
  const own = create()
  const answer = await auth(() => own)(await due())
  expect(answer).toBe(own)
  expect(answer.headers.has('x-new-access-token')).toBe(false)
  expect(calls()).toEqual(['renewals/peek'])
})

test('what the handler throws is thrown', async () => {
  const own = new Response('thrown', { status: 200 })
  const handler = auth(() => {
    throw own
  })
  await expect(handler(await due())).rejects.toBe(own)
  expect(calls()).toEqual(['renewals/peek'])
})

test('a client that has gone spends nothing', async () => {
  const gone = new AbortController()
  const handler = auth(() => {
    gone.abort()
    return new Response('late')
  })
  await handler(await due({ signal: gone.signal }))
  expect(calls()).toEqual(['renewals/peek'])
})

test('a guard around another one refreshes once', async () => {
  const inner = auth(() => new Response('ok'))
  const answer = await auth((request) => inner(request))(await due())
  expect(answer.headers.get('x-new-refresh-token')).toBe('r2')
  expect(calls().filter((call) => call === 'renewals')).toHaveLength(1)
})

test('headers that the Request has joined are found to be several', async () => {
  const access = await authApi.sign()
  const handler = auth(() => new Response('ok'))
  const statusFor = async (headers: [string, string][]) =>
    (await handler(new Request('http://127.0.0.1/', { headers }))).status
  const own: [string, string] = ['authorization', `Bearer ${access}`]
  expect(await statusFor([own])).toBe(200)
  expect(await statusFor([own, ['authorization', 'Bearer x']])).toBe(400)
  expect(await statusFor([own, ['authorization', 'Basic x']])).toBe(400)
  expect(await statusFor([['authorization', 'Basic x'], own])).toBe(400)
  expect(await statusFor([['authorization', 'Digest a="b", c="d"']])).toBe(401)
})

test('what the framework passes reaches the handler and the option address', async () => {
  const seen: unknown[] = []
  const given = autoRefresh({
    issuer: ISSUER,
    authApiUrl: authApi.url,
    apiKey: 'api-key',
    address: (_request, env: { address: string }) => env.address,
  })
  const handler = given((_request: Request, { user }, env: { address: string }, more: number) => {
    seen.push(user.username, env, more)
    return new Response('ok')
  })
  await handler(await due(), { address: '203.0.113.9' }, 7)
  await given.close()
  expect(seen).toEqual(['ann', { address: '203.0.113.9' }, 7])
  expect(authApi.state.calls[0]?.body).toMatchObject({ client: { address: '203.0.113.9' } })
})

test('the types of the user follow from the wrapper', async () => {
  auth.optional((_request, { user }) => Response.json(user?.username ?? 'anonymous'))
  auth((_request, { user }) => Response.json(user.username))
  auth.optional(requireRole('admin', (_request, { user }) => Response.json(user.username)))
  // @ts-expect-error the user may be null
  auth.optional((_request, { user }: { user: User }) => Response.json(user.username))
  const needsUser = ({ user }: { user: User }) => Response.json(user.username)
  const optional = { user: 'optional' } as const
  // @ts-expect-error the user may be null
  void (() => auth.respond(new Request(''), needsUser, optional))
  expect(auth).toBeTypeOf('function')
})

describe('a middleware of Hono', () => {
  let server: ServerType
  let url: string
  beforeAll(async () => {
    const app = new Hono<{ Variables: { user: User } }>()
    app.use('*', cors({ origin: 'https://page.example', credentials: true }))
    app.use('/api/*', async (c, next) => {
      const { address } = getConnInfo(c).remote
      const respond = async ({ user }: { user: User }) => {
        c.set('user', user)
        await next()
        return c.res
      }
      const response = await auth.respond(c.req.raw, respond, { address })
      // Hono would add the headers of the response before to this one.
      if (c.finalized) c.res = undefined
      c.res = response
    })
    app.get('/api/cases', (c) => {
      c.header('set-cookie', 'a=1')
      c.header('cache-control', 'public')
      return c.json(c.get('user').username)
    })
    app.get('/api/elsewhere', () => fetch('data:text/plain,elsewhere'))
    app.onError((_error, c) => c.text('own error', 500))
    app.get('/api/broken', () => {
      throw new Error('broken')
    })
    url = await new Promise((done) => {
      server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        done(`http://127.0.0.1:${port}`),
      )
    })
  })
  afterAll(() => void server.close())

  const get = async (path: string, { refresh = 'header', leftSeconds = 100 } = {}) =>
    fetch(`${url}${path}`, {
      headers: {
        authorization: `Bearer ${await authApi.sign({ leftSeconds })}`,
        origin: 'https://page.example',
        ...(refresh === 'header' ? { 'x-refresh-token': 'r1' } : {}),
        ...(refresh === 'cookie' ? { cookie: 'refresh_token=r1' } : {}),
      },
    })

  test('adds the new tokens to the headers of the application and of other middlewares', async () => {
    const answer = await get('/api/cases', { refresh: 'cookie' })
    expect([answer.status, await answer.json()]).toEqual([200, 'ann'])
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-new-access-token': 'a2',
      'cache-control': 'no-store, private',
      'access-control-allow-origin': 'https://page.example',
    })
    expect(answer.headers.getSetCookie()).toEqual([
      'a=1',
      expect.stringMatching(/^__Host-refresh_token=r2;/),
    ])
    expect(authApi.state.calls[0]?.body).toMatchObject({
      client: { address: expect.stringContaining('127.0.0.1') },
    })
  })

  test('adds them to a response of fetch', async () => {
    const answer = await get('/api/elsewhere')
    expect(answer.headers.get('x-new-refresh-token')).toBe('r2')
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://page.example')
    expect(await answer.text()).toBe('elsewhere')
  })

  test('leaves errors to the application, and refusals readable for pages', async () => {
    expect((await get('/api/broken')).status).toBe(500)
    expect(calls()).toEqual(['renewals/peek'])
    const refusal = await get('/api/cases', { refresh: 'none', leftSeconds: -10 })
    expect([refusal.status, refusal.headers.get('access-control-allow-origin')]).toEqual([
      401,
      'https://page.example',
    ])
  })
})
