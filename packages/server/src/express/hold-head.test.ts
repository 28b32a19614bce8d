import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import compression from 'compression'
import session from 'express-session'
import { afterEach, describe, expect, it } from 'vitest'
import { withResolvers } from '../core/remote/with-resolvers.ts'
import type { HeaderField } from '../core/guard.ts'
import { canHoldHead, holdHead } from './hold-head.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

const FIELDS: HeaderField[] = [
  ['x-new', 'token'],
  ['cache-control', 'no-store, private'],
  ['set-cookie', 'b=2'],
]

const servers: Server[] = []
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.closeAllConnections()
})

/** Starts a server whose responses are held until `release` is called. */
async function start(handler: Handler, options: { only?: (url: string) => boolean } = {}) {
  const held = withResolvers()
  const state = { held: 0, exposedHeaders: undefined as string | undefined }
  const responses: ServerResponse[] = []
  const server = createServer((request, response) => {
    responses.push(response)
    if (options.only?.(request.url ?? '') !== false)
      holdHead(response, async ({ exposedHeaders }) => {
        state.held += 1
        state.exposedHeaders = exposedHeaders
        await held.promise
        return FIELDS
      })
    handler(request, response)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    state,
    responses,
    firstResponse(): ServerResponse {
      const [first] = responses
      if (first === undefined) throw new Error('There was no request')
      return first
    },
    release: () => held.resolve(),
    async isHeld(): Promise<void> {
      await expect.poll(() => state.held).toBe(1)
    },
    get: (path = '/', init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init),
    /** Sends raw requests; returns what arrives until the server closes the connection. */
    raw(...paths: string[]) {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      const last = paths.length - 1
      socket.write(
        paths
          .map((path, index) => {
            const close = index === last ? 'Connection: close\r\n' : ''
            return `GET ${path} HTTP/1.1\r\nHost: a\r\n${close}\r\n`
          })
          .join(''),
      )
      const got = { text: '', error: undefined as unknown }
      socket.setEncoding('latin1').on('data', (text: string) => (got.text += text))
      socket.on('error', (error) => (got.error = error))
      return { socket, got, ended: once(socket, 'close') }
    },
  }
}

/** Members that only a held response has itself. */
const ownMethods = (response: ServerResponse) =>
  ['_send', '_flush', '_flushOutput', 'write', 'end', 'writeHead'].filter((name) =>
    Object.hasOwn(response, name),
  )

describe('holdHead', () => {
  it.each<[string, Handler, string]>([
    ['end', (_, response) => response.end('hello'), 'hello'],
    ['end without a body', (_, response) => response.end(), ''],
    [
      'writes',
      (_, response) => {
        response.write('he')
        response.write(Buffer.from('ll'))
        response.end('o')
      },
      'hello',
    ],
    [
      'flushHeaders',
      (_, response) => {
        response.flushHeaders()
        setImmediate(() => response.end('hello'))
      },
      'hello',
    ],
    ['a stream', (_, response) => Readable.from(['he', 'llo']).pipe(response), 'hello'],
    [
      'a buffer with a length',
      (_, response) => response.setHeader('Content-Length', 5).end(Buffer.from('hello')),
      'hello',
    ],
  ])('adds its fields to the head of a response by %s', async (_, handler, body) => {
    const server = await start(handler)
    const response = server.get()
    await server.isHeld()
    server.release()

    const { status, headers } = await response
    expect(status).toBe(200)
    expect(headers.get('x-new')).toBe('token')
    expect(await (await response).text()).toBe(body)
    expect(ownMethods(server.firstResponse())).toEqual([])
  })

  it('sends nothing while it waits, and everything in order afterwards', async () => {
    const server = await start((_, response) => {
      response.writeHead(201, 'Made', {
        'Cache-Control': 'public',
        'Set-Cookie': ['a=1'],
        'Access-Control-Expose-Headers': 'ETag',
      })
      response.write('1')
      response.write('2', 'latin1')
      response.end('3')
    })
    const { got, ended } = server.raw('/')
    await server.isHeld()
    await new Promise(setImmediate)
    expect(got.text).toBe('')
    server.release()
    await ended

    expect(got.text).toMatch(/^HTTP\/1\.1 201 Made\r\n/)
    expect(got.text.match(/cache-control: .*/gi)).toEqual(['cache-control: no-store, private'])
    expect(got.text.match(/set-cookie: .*/gi)).toEqual(['Set-Cookie: a=1', 'set-cookie: b=2'])
    expect(got.text.split('\r\n\r\n')[1]).toMatch(/^1\r\n1\r\n1\r\n2\r\n1\r\n3\r\n0$/)
    expect(server.state.exposedHeaders).toBe('ETag')
  })

  it.each([301, 304, 400, 500])('does not touch a %i', async (status) => {
    const server = await start((_, response) => response.writeHead(status).end())
    server.release()
    const response = await server.get('/', { redirect: 'manual' })
    expect([response.status, response.headers.get('x-new')]).toEqual([status, null])
    expect(server.state.held).toBe(0)
    expect(ownMethods(server.firstResponse())).toEqual([])
  })

  it('decides by the status that was sent, not by a later change of it', async () => {
    const server = await start((_, response) => {
      response.writeHead(500)
      response.statusCode = 200
      response.end()
    })
    server.release()
    expect((await server.get()).status).toBe(500)
    expect(server.state.held).toBe(0)
  })

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 205],
  ])('adds its fields to %s with %i, which has no body', async (method, status) => {
    const server = await start((_, response) => response.writeHead(status).end())
    server.release()
    const response = await server.get('/', { method })
    expect([response.status, response.headers.get('x-new')]).toEqual([status, 'token'])
  })

  it('looks like a sent response, so that an error handler sends no second one', async () => {
    const seen: unknown[] = []
    const server = await start((_, response) => {
      response.end('first')
      seen.push(response.headersSent, response.writableEnded, response.writableFinished)
      for (const answer of [
        () => response.setHeader('a', 'b'),
        () => response.removeHeader('a'),
        () => response.writeHead(500),
      ])
        try {
          answer()
        } catch (error) {
          seen.push((error as { code?: string }).code)
        }
      response.statusCode = 500
      response.on('error', (error: { code?: string }) => seen.push(error.code)).end('second')
    })
    const response = server.get()
    await server.isHeld()
    server.release()
    expect([(await response).status, await (await response).text()]).toEqual([200, 'first'])
    expect(seen).toEqual([
      true,
      true,
      false,
      'ERR_HTTP_HEADERS_SENT',
      'ERR_HTTP_HEADERS_SENT',
      'ERR_HTTP_HEADERS_SENT',
      'ERR_STREAM_WRITE_AFTER_END',
    ])
  })

  it('keeps a complete response when the socket is destroyed, as Express does after a throw', async () => {
    const server = await start((request, response) => {
      response.end('hello')
      request.socket.destroy()
    })
    const { got, ended } = server.raw('/')
    await server.isHeld()
    server.release()
    await ended
    expect(got.text).toMatch(/x-new: token[^]*hello$/)
  })

  it('lets an incomplete response be destroyed at once', async () => {
    const server = await start((request, response) => {
      response.write('hel')
      request.socket.destroy()
    })
    const { got, ended } = server.raw('/')
    await ended
    server.release()
    expect(got.text).toBe('')
    expect(server.firstResponse().destroyed).toBe(true)
  })

  it.each(['destroy', 'client'])('ends quietly when the connection is gone (%s)', async (by) => {
    const closed = withResolvers()
    const server = await start((_, response) => {
      response.on('close', () => closed.resolve())
      response.write('hello')
      if (by === 'destroy') response.destroy(new Error('broken'))
    })
    const { socket, got } = server.raw('/')
    await server.isHeld()
    if (by === 'client') socket.destroy()
    await closed.promise
    server.release()
    await new Promise(setImmediate)
    expect(got.text).toBe('')
    expect(server.firstResponse().write('more')).toBe(false)
  })

  it('is not called for a client that has left', async () => {
    const closed = withResolvers()
    const server = await start((_, response) => {
      response.on('close', () => {
        response.end('hello')
        closed.resolve()
      })
    })
    const { socket } = server.raw('/')
    await expect.poll(() => server.responses.length).toBe(1)
    socket.destroy()
    await closed.promise
    expect(server.state.held).toBe(0)
  })

  it('keeps the backpressure of a long stream', async () => {
    const size = 64 * 1024
    const state = { read: 0 }
    const source = () =>
      Readable.from(
        (function* () {
          for (let index = 0; index < 100; index++) {
            state.read += size
            yield Buffer.alloc(size, index)
          }
        })(),
        { objectMode: false, highWaterMark: size },
      )
    const server = await start((_, response) => void pipeline(source(), response))
    const response = server.get()
    await server.isHeld()
    await new Promise(setImmediate)
    expect(state.read).toBeLessThanOrEqual(4 * size)
    expect(server.firstResponse().writableNeedDrain).toBe(true)
    server.release()
    const body = Buffer.from(await (await response).arrayBuffer())
    expect(body.length).toBe(100 * size)
    expect(body.every((byte, index) => byte === Math.floor(index / size))).toBe(true)
  })

  it('emits drain, after which a second stream can follow', async () => {
    const server = await start(async (_, response) => {
      const first = Readable.from([Buffer.alloc(100_000, 'a')])
      first.pipe(response, { end: false })
      await finished(first)
      Readable.from([Buffer.alloc(100_000, 'b')]).pipe(response)
    })
    const response = server.get()
    await server.isHeld()
    server.release()
    expect(await (await response).text()).toBe('a'.repeat(100_000) + 'b'.repeat(100_000))
  })

  it('calls the callbacks of write and end, and emits finish, after the release', async () => {
    const seen: string[] = []
    const server = await start((_, response) => {
      response.on('finish', () => seen.push('finish'))
      response.write('a', () => seen.push('write'))
      response.end('b', () => seen.push('end'))
    })
    const response = server.get()
    await server.isHeld()
    await new Promise(setImmediate)
    expect(seen).toEqual([])
    server.release()
    await (await response).text()
    await expect.poll(() => seen.toSorted()).toEqual(['end', 'finish', 'write'])
  })

  it('sends trailers', async () => {
    const server = await start((_, response) => {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('a')
      response.addTrailers({ 'X-Sum': '1' })
      response.end()
    })
    const { got, ended } = server.raw('/')
    await server.isHeld()
    server.release()
    await ended
    expect(got.text).toMatch(/0\r\nX-Sum: 1\r\n\r\n$/)
  })

  it('lets informational responses pass', async () => {
    const server = await start((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('a')
    })
    const { got, ended } = server.raw('/')
    await expect.poll(() => got.text).toMatch(/^HTTP\/1\.1 103 [^]*\r\n\r\n$/)
    server.release()
    await ended
    expect(got.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 103', 'HTTP/1.1 200'])
  })

  it.each(['/first', '/second'])('keeps the order of pipelined responses (%s)', async (held) => {
    const server = await start((request, response) => response.end(`body of ${request.url}`), {
      only: (url) => url === held,
    })
    const { got, ended } = server.raw('/first', '/second')
    await server.isHeld()
    await expect.poll(() => server.responses.length).toBe(2)
    await new Promise(setImmediate)
    server.release()
    await ended
    expect(got.text.match(/body of \/(first|second)|x-new/g)).toEqual(
      held === '/first'
        ? ['x-new', 'body of /first', 'body of /second']
        : ['body of /first', 'x-new', 'body of /second'],
    )
  })

  it('is not called if the handler takes over the socket', async () => {
    const server = await start((_, response) => {
      const { socket } = response
      if (socket === null) return
      response.detachSocket(socket)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
    })
    const { got, ended } = server.raw('/')
    await ended
    expect(got.text).toMatch(/hi$/)
    expect(server.state.held).toBe(0)
  })

  it('sends the response as it is when a field is not valid', async () => {
    const server = createServer((_, response) => {
      holdHead(response, async () => [['x-new', 'a\r\nx-evil: b']])
      response.end('hello')
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { headers } = await fetch(`http://127.0.0.1:${port}`)
    expect([headers.get('x-new'), headers.get('x-evil')]).toEqual([null, null])
  })

  it("changes nothing of a response without Node's queue", () => {
    const response = { end() {} } as unknown as ServerResponse
    expect(canHoldHead(response)).toBe(false)
    holdHead(response, async () => [])
    expect(Object.keys(response)).toEqual(['end'])
  })
})

/** Runs Express-style middlewares around `holdHead`. */
type Middleware = (request: never, response: never, next: () => void) => void
const before = (middleware: Middleware, handler: Handler): Handler => {
  return (request, response) =>
    middleware(request as never, response as never, () => handler(request, response))
}

describe('holdHead beside libraries that change the response', () => {
  const compress = compression({ threshold: 0 }) as Middleware
  const inSession = session({ secret: 's', resave: false, saveUninitialized: true }) as Middleware
  const big = 'hello '.repeat(200_000)
  const handlers: [string, Handler][] = [
    [
      'end',
      (_, response) => {
        response.setHeader('Content-Type', 'text/plain')
        response.end(big)
      },
    ],
    [
      'a stream',
      (_, response) => {
        response.setHeader('Content-Type', 'text/plain')
        Readable.from([big.slice(0, 700_000), big.slice(700_000)]).pipe(response)
      },
    ],
  ]

  it.each(handlers)('compression after it, %s', async (_, handler) => {
    const server = await start(before(compress, handler))
    await expectBody(server)
  })

  it.each(handlers)('express-session after it, %s', async (_, handler) => {
    const server = await start(before(inSession, handler))
    await expectBody(server, 'connect.sid')
  })

  it.each(handlers)('compression and express-session before it, %s', async (_, handler) => {
    const all = before(
      compress,
      before(inSession, (request, response) => {
        holdHead(response, async () => {
          await new Promise(setImmediate)
          return FIELDS
        })
        handler(request, response)
      }),
    )
    const server = await start(all, { only: () => false })
    await expectBody(server, 'connect.sid')
  })

  async function expectBody(server: Awaited<ReturnType<typeof start>>, cookie = '') {
    server.release()
    const response = await server.get()
    expect(response.headers.get('x-new')).toBe('token')
    expect(response.headers.getSetCookie().join()).toContain(cookie)
    expect(response.headers.getSetCookie()).toContain('b=2')
    expect(await response.text()).toBe(big)
  }
})
