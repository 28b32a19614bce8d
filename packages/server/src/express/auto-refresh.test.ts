import { once } from 'node:events'
import { get as httpGet, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import compression from 'compression'
import express5, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import session from 'express-session'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Log } from '../core/log.ts'
import { ISSUER, SESSION, startFakeAuthApi, USER } from '../testing/start-fake-auth-api.ts'
import { autoRefresh, type AutoRefreshOptions } from './auto-refresh.ts'
import { requireRole } from './require-role.ts'
import { userOf } from './user-of.ts'

// Its types are those of Express 4, which nothing here depends on.
const version4: string = 'express4'
const { default: express4 } = (await import(version4)) as { default: typeof express5 }

let authApi: Awaited<ReturnType<typeof startFakeAuthApi>>
const closers: (() => unknown)[] = []
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

function createAuth(options: Partial<AutoRefreshOptions> = {}) {
  const auth = autoRefresh({
    issuer: ISSUER,
    authApiUrl: authApi.url,
    apiKey: 'api-key',
    ...options,
  })
  closers.push(() => auth.close())
  return auth
}

async function listen(app: Express): Promise<string> {
  const server: Server = app.listen(0, '127.0.0.1')
  closers.push(() => server.close() && server.closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const due = async () => ({
  authorization: `Bearer ${await authApi.sign({ leftSeconds: 100 })}`,
  'x-refresh-token': 'r1',
})
const live = async () => ({ authorization: `Bearer ${await authApi.sign()}` })
const calls = () => authApi.state.calls.map(({ call }) => call)

describe('a response of HTTP/2, to which nothing can be added', () => {
  async function openServer() {
    const log = {
      info: vi.fn<Log['info']>(),
      warn: vi.fn<Log['warn']>(),
      error: vi.fn<Log['error']>(),
    }
    const auth = createAuth({ log })
    const server = createHttp2Server((request, response) => {
      auth(
        request as unknown as IncomingMessage,
        response as unknown as ServerResponse,
        () => void response.end('ok'),
      )
    }).listen(0, '127.0.0.1')
    closers.push(() => server.close())
    await once(server, 'listening')
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    closers.push(() => client.destroy())
    const get = async (headers: Record<string, string>) => {
      const stream = client.request(headers)
      const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
      stream.resume()
      await once(stream, 'end')
      return head[':status']
    }
    return { get, log }
  }

  it('has a client refresh an expired token itself, and a due one passes', async () => {
    const { get, log } = await openServer()
    expect(await get(await due())).toBe(200)
    const expired = `Bearer ${await authApi.sign({ leftSeconds: -100 })}`
    expect(await get({ ...(await due()), authorization: expired })).toBe(401)
    expect(calls()).toEqual([])
    expect(log.warn).toHaveBeenCalledOnce()
  })
})

describe.each([
  ['5', express5],
  ['4', express4],
])('autoRefresh of Express %s', (_, express) => {
  const hello: RequestHandler = (request, response) => {
    response.json({ user: request.user?.username ?? null })
  }

  it('refreshes with the address, host and protocol that a trusted proxy names', async () => {
    const app = express().set('trust proxy', true).use(createAuth()).get('/', hello)
    const { 'x-refresh-token': cookie, ...headers } = await due()
    const { headers: answer } = await fetch(await listen(app), {
      headers: {
        ...headers,
        cookie: `refresh_token=art_${cookie}`,
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'app.example',
      },
    })
    expect(answer.getSetCookie()).toContainEqual(
      expect.stringMatching(/^__Host-refresh_token=r2; .*Secure/),
    )
    expect(authApi.state.calls.map(({ body }) => body)).toMatchObject([
      { client: { address: '203.0.113.9' } },
      { client: { address: '203.0.113.9' } },
    ])
  })

  it('believes no proxy without trust proxy', async () => {
    const app = express().use(createAuth()).get('/', hello)
    const headers = { ...(await due()), 'x-forwarded-for': '203.0.113.9' }
    await fetch(await listen(app), { headers })
    expect(authApi.state.calls[0]?.body).toMatchObject({ client: { address: '127.0.0.1' } })
  })

  it('recognizes a subrequest of a proxy by the whole path, also when mounted', async () => {
    const router = express.Router().use(createAuth()).get('/cases', hello)
    const url = await listen(express().use('/api', router))
    const at = async (path: string) =>
      fetch(`${url}/api/cases`, { headers: { ...(await due()), 'x-original-uri': path } })

    vi.spyOn(console, 'warn').mockReturnValue()
    expect((await at('/elsewhere/cases')).headers.get('x-new-access-token')).toBe(null)
    expect(calls()).toEqual([])
    expect((await at('/api/cases')).headers.get('x-new-access-token')).toBe('a2')
  })

  it('decides once about a request that passes it twice', async () => {
    const auth = createAuth()
    const app = express().use(auth).get('/', auth.optional, auth, hello)
    const answer = await fetch(await listen(app), { headers: await due() })
    expect([answer.status, await answer.json()]).toEqual([200, { user: 'ann' }])
    expect(calls()).toEqual(['renewals/peek', 'renewals'])
  })

  it('refuses an anonymous request where a router needs a user', async () => {
    const auth = createAuth()
    const app = express().use(auth.optional).get('/open', hello).get('/closed', auth, hello)
    const url = await listen(app)
    expect(await (await fetch(`${url}/open`)).json()).toEqual({ user: null })
    expect((await fetch(`${url}/closed`)).status).toBe(401)
  })

  it("replaces another middleware's user, also for an anonymous request", async () => {
    const passport: RequestHandler = (request, _response, next) => {
      Reflect.set(request, 'user', { username: 'eve' })
      next()
    }
    const auth = createAuth()
    const url = await listen(express().use(passport).get('/', auth.optional, hello))
    expect(await (await fetch(url)).json()).toEqual({ user: null })
    expect(await (await fetch(url, { headers: await live() })).json()).toEqual({ user: 'ann' })
  })

  it('puts the user under another name, and userOf finds it', async () => {
    const app = express().use(createAuth({ decorator: 'member' }))
    app.get('/', requireRole('user'), (request, response) => {
      const named: unknown = Reflect.get(request, 'member')
      response.json([named === userOf(request), userOf(request)?.sub, request.user ?? null])
    })
    const answer = await fetch(await listen(app), { headers: await live() })
    expect(await answer.json()).toEqual([true, USER, null])
  })

  it('fails closed when the property belongs to another middleware', async () => {
    const app = express()
    app.use((request, _response, next) => {
      Object.defineProperty(request, 'user', { get: () => ({ username: 'eve' }) })
      next()
    })
    app.use(createAuth()).get('/', hello)
    app.use(((error: Error, _request, response, _next) => {
      response.status(500).send(error.message)
    }) satisfies ErrorRequestHandler)
    const answer = await fetch(await listen(app), { headers: await live() })
    expect([answer.status, await answer.text()]).toEqual([
      500,
      expect.stringContaining('set the option decorator'),
    ])
  })

  it('refuses every user on a route that is not behind auth', async () => {
    const app = express().get('/', requireRole('user'), hello)
    const answer = await fetch(await listen(app), { headers: await live() })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ error: { code: 'forbidden' } })
  })

  it('names the request in a refusal as another middleware or the client does', async () => {
    const app = express()
    app.use((request, _response, next) => {
      const { own } = request.query
      if (own !== undefined) Reflect.set(request, 'id', own)
      next()
    })
    const url = await listen(app.use(createAuth()))
    const idOf = async (path: string, given: string) => {
      const answer = await fetch(url + path, { headers: { 'x-request-id': given } })
      const { error } = (await answer.json()) as { error: { request_id: string } }
      expect(answer.headers.get('x-request-id')).toBe(error.request_id)
      return error.request_id
    }
    expect(await idOf('/?own=mine', 'theirs')).toBe('mine')
    expect(await idOf('/?own=%0Amine', 'theirs')).toBe('theirs')
    expect(await idOf('/', 'theirs')).toBe('theirs')
    for (const unfit of ['a b', 'x'.repeat(65), 'art_secret'])
      expect(await idOf('/', unfit)).toMatch(/^[\da-f-]{36}$/)
  })

  it('keeps the envelope and the status of a refusal whatever the settings and handlers are', async () => {
    const app = express().set('json spaces', 2).use(createAuth())
    app.use(((_error, _request, response, _next) => {
      response.status(418).end()
    }) satisfies ErrorRequestHandler)
    const answer = await fetch(await listen(app))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      401,
      'application/json; charset=utf-8',
    ])
    expect(await answer.text()).toMatch(/^\{"status":401,/)
  })

  it('lets the error handler of the application answer, and refreshes nothing', async () => {
    const app = express().use(createAuth())
    app.get('/', async () => {
      throw new Error('broken')
    })
    app.get('/sync', () => {
      throw new Error('broken')
    })
    app.use(((error: Error, _request, response, _next) => {
      response.status(500).json({ own: error.message })
    }) satisfies ErrorRequestHandler)
    const answer = await fetch(`${await listen(app)}/sync`, { headers: await due() })
    expect([answer.status, await answer.json()]).toEqual([500, { own: 'broken' }])
    expect(calls()).toEqual(['renewals/peek'])
  })

  it.each(['with its own error handler', 'with the one of Express'])(
    'sends the first response of a handler that throws after it (%s)',
    async (kind) => {
      const app = express().set('env', 'test').use(createAuth())
      app.get('/', (_request, response) => {
        response.json({ first: true })
        throw new Error('broken')
      })
      const own: ErrorRequestHandler = (error, _request, response, next) => {
        if (response.headersSent) next(error)
        else response.status(500).json({ second: true })
      }
      if (kind.includes('own')) app.use(own)
      const answer = await fetch(await listen(app), { headers: await due() })
      expect([answer.status, await answer.json()]).toEqual([200, { first: true }])
      expect(answer.headers.get('x-new-refresh-token')).toBe('r2')
    },
  )

  it('sends files, and answers conditional and partial requests', async () => {
    const app = express().use(createAuth())
    app.get('/', (_request, response) => response.sendFile(import.meta.filename))
    const url = await listen(app)
    const whole = await fetch(url, { headers: await due() })
    expect([whole.status, whole.headers.get('x-new-access-token')]).toEqual([200, 'a2'])
    expect(await whole.text()).toContain('answers conditional')
    const part = await fetch(url, { headers: { ...(await due()), range: 'bytes=0-5' } })
    expect([part.status, part.headers.get('x-new-access-token'), await part.text()]).toEqual([
      206,
      'a2',
      'import',
    ])
    const etag = whole.headers.get('etag') ?? ''
    // fetch would add Cache-Control: no-cache
    const asked = httpGet(url, { headers: { ...(await due()), 'if-none-match': etag } })
    const [same] = (await once(asked, 'response')) as [IncomingMessage]
    same.resume()
    expect([same.statusCode, same.headers['x-new-access-token']]).toEqual([304, undefined])
    expect(calls().filter((call) => call === 'renewals')).toHaveLength(2)
  })

  it('works between compression and express-session', async () => {
    const app = express()
      .use(compression({ threshold: 0 }))
      .use(createAuth())
    app.use(session({ secret: 's', resave: false, saveUninitialized: true })).get('/', hello)
    const answer = await fetch(await listen(app), { headers: await due() })
    expect(answer.headers.get('content-encoding')).toMatch(/gzip|br|deflate/)
    expect(answer.headers.get('x-new-access-token')).toBe('a2')
    expect(answer.headers.getSetCookie().join()).toContain('connect.sid')
    expect(await answer.json()).toEqual({ user: 'ann' })
  })

  it('does not touch the response of a request without a refresh', async () => {
    const names: string[][] = []
    const seen: RequestHandler = (_request, response, next) => {
      names.push(Object.getOwnPropertyNames(response).toSorted())
      next()
    }
    const app = express().use(seen).use(createAuth()).use(seen).get('/', hello)
    await fetch(await listen(app), { headers: await live() })
    expect(names[1]).toEqual(names[0])
  })
})

describe('the life of autoRefresh', () => {
  it('lets the first requests wait for keys and revocations', async () => {
    const auth = createAuth()
    expect(auth.isReady()).toBe(false)
    const url = await listen(express5().get('/', auth, (_, response) => void response.end()))
    expect((await fetch(url, { headers: await live() })).status).toBe(200)
    expect([auth.isReady(), auth.feedAgeSeconds()]).toEqual([true, expect.any(Number)])
  })

  it('answers 503 when they cannot be read, and 401 without a token at once', async () => {
    const log = { info() {}, warn() {}, error() {} }
    const auth = createAuth({ authApiUrl: 'http://127.0.0.1:9', log })
    const url = await listen(express5().use(auth))
    expect((await fetch(url)).status).toBe(401)
    const answer = await fetch(url, { headers: await live() })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([
      503,
      expect.stringMatching(/^\d+$/),
    ])
    expect(auth.isReady()).toBe(false)
  })

  it('leaves a request alone that a timeout has answered while it waited', async () => {
    const app = express5()
    app.use((_request, response, next) => {
      next()
      response.status(504).end()
    })
    const handler = vi.fn<RequestHandler>()
    const url = await listen(app.use(createAuth()).get('/', handler))
    expect((await fetch(url, { headers: await live() })).status).toBe(504)
    expect((await fetch(url)).status).toBe(504)
    expect(handler).not.toHaveBeenCalled()
  })

  it('cuts a response that began before the refusal', async () => {
    const app = express5()
    app.use((_request, response, next) => {
      response.write('too early')
      next()
    })
    const url = await listen(app.use(createAuth()))
    const [response] = (await once(httpGet(url), 'response')) as [IncomingMessage]
    await expect(response.toArray()).rejects.toThrow('aborted')
  })

  it('rejects options that cannot work', () => {
    expect(() => createAuth({ apiKey: '' })).toThrow('autoRefresh requires the option apiKey')
  })

  it('takes its place in typed routes', () => {
    const auth = createAuth()
    express5().get('/cases/:id', auth, requireRole('admin'), (request, response) => {
      const { id } = request.params
      response.send(id satisfies string)
    })
    expect(SESSION).toBeTypeOf('string')
  })
})
