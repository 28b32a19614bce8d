import { connect, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApp } from '../../testing/open-test-app.ts'

const { app, calls } = openTestApp({
  settings: { allowedOrigins: ['https://app.example', 'https://other.example'] },
})
let port = 0
beforeAll(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as AddressInfo).port
})
afterAll(() => app.close())

/** Writes raw bytes and resolves with the whole response when the server closes the connection. */
function talk(...chunks: (string | Buffer)[]): Promise<{ text: string; seconds: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ text: string; seconds: number }>()
  const startedMs = performance.now()
  const received: Buffer[] = []
  const socket = connect(port, '127.0.0.1', () => {
    for (const chunk of chunks) socket.write(chunk)
  })
  socket.on('data', (data) => received.push(data))
  socket.on('error', (error) => (received.length > 0 ? undefined : reject(error)))
  socket.on('close', () =>
    resolve({
      text: Buffer.concat(received).toString(),
      seconds: (performance.now() - startedMs) / 1000,
    }),
  )
  return promise
}
const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`
const post = (path: string, body: string, ...headers: string[]) =>
  lines(
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ) + body
const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
const envelopeOf = (text: string): { error: { code: string; request_id: string }; data: null } =>
  JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))

/** Node checks for late connections every 30 s by default. */
const LATEST_SECONDS = 25

const REFRESH = '/api/v1/auth/refresh'
const BODY = '{"refresh_token":"r1"}'

test('a plain request gets a response', async () => {
  expect(statusOf((await talk(post(REFRESH, BODY))).text)).toBe(200)
})

describe('an ambiguous request is 400 and reaches no use case', () => {
  test.each<[string, string[]]>([
    ['two Authorization headers', ['Authorization: Bearer a', 'authorization: Bearer b']],
    ['two Hosts', ['Host: evil.example']],
    ['two Content-Types', ['content-type: application/json']],
    ['two Origins', ['Origin: https://a.example', 'Origin: https://b.example']],
    ['two Idempotency-Keys', ['Idempotency-Key: a', 'Idempotency-Key: a']],
    ['two refresh tokens', ['X-Refresh-Token: r1', 'X-Refresh-Token: r1']],
    ['two Content-Lengths', ['Content-Length: 3']],
    ['Content-Length and Transfer-Encoding', ['Transfer-Encoding: chunked']],
    ['a folded line break in a value', ['X-A: b\r\n c']],
    ['a bare line feed', ['X-A: b\nX-Evil: c']],
    ['NUL in a value', ['X-A: b\u0000c']],
    ['a space before the colon', ['X-A : b']],
  ])('%s', async (_, headers) => {
    const before = calls.length
    const { text } = await talk(post(REFRESH, BODY, ...headers))
    expect(statusOf(text)).toBe(400)
    expect(envelopeOf(text)).toMatchObject({
      data: null,
      error: { code: expect.stringMatching(/^(invalid_request|ambiguous_refresh_token)$/) },
    })
    expect(calls.length).toBe(before)
  })
})

test.each<[string, string]>([
  ['no HTTP', 'hello\r\n\r\n'],
  ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000'],
  ['an unknown method', lines('BREW /pot HTTP/1.1', 'Host: localhost')],
  ['no Host', lines('GET / HTTP/1.1', 'Connection: close')],
  ['a version that does not exist', lines('GET / HTTP/3.7', 'Host: localhost')],
])('%s is a coded 400', async (_, bytes) => {
  const { text } = await talk(bytes)
  expect([statusOf(text), envelopeOf(text).error.code]).toEqual([400, 'invalid_request'])
  expect(text).toContain(`x-request-id: ${envelopeOf(text).error.request_id}\r\n`)
})

test('an unknown Expect is a coded 400; 100-continue is supported', async () => {
  const { text } = await talk(post(REFRESH, BODY, 'Expect: x'))
  expect([statusOf(text), envelopeOf(text).error.code]).toEqual([400, 'invalid_request'])
  expect((await talk(post(REFRESH, BODY, 'Expect: 100-continue'))).text).toMatch(
    /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/,
  )
})

test('a path that leaves the folder of the API reference is a coded 403', async () => {
  const { text } = await talk(
    lines('GET /docs/static/../x HTTP/1.1', 'Host: localhost', 'Connection: close'),
  )
  expect([statusOf(text), envelopeOf(text).error.code]).toEqual([403, 'forbidden'])
})

test('headers of more than 16 KiB are a coded 431', async () => {
  const { text } = await talk(
    lines('GET / HTTP/1.1', 'Host: localhost', `X-A: ${'a'.repeat(20_000)}`),
  )
  expect([statusOf(text), envelopeOf(text).error.code]).toEqual([431, 'headers_too_large'])
})

describe('a page may read errors from before the request exists', () => {
  const corsOf = (text: string) =>
    Object.fromEntries(
      [
        ...text
          .split('\r\n\r\n', 1)
          .join()
          .matchAll(/^(access-control-[a-z-]+|vary): (.*)\r?$/gim),
      ].map(([, name = '', value]) => [name.toLowerCase(), value]),
    )
  const long = `X-A: ${'a'.repeat(20_000)}`
  const listed = 'Origin: https://app.example'
  const refused: [string, number, (...headers: string[]) => string[]][] = [
    [
      'headers that are too large',
      431,
      (...headers) => [lines('GET / HTTP/1.1', 'Host: localhost', ...headers, long)],
    ],
    [
      'malformed headers',
      400,
      (...headers) => [lines('GET / HTTP/1.1', 'Host: localhost', ...headers, 'X-A : b')],
    ],
    [
      'a malformed body',
      400,
      (...headers) => [
        lines(
          `POST ${REFRESH} HTTP/1.1`,
          'Host: localhost',
          'Transfer-Encoding: chunked',
          ...headers,
        ) + 'no length\r\n',
      ],
    ],
  ]

  test.each(refused)('%s', async (_, status, request) => {
    const plain = await talk(
      lines('GET /nowhere HTTP/1.1', 'Host: localhost', 'Connection: close', listed),
    )
    expect(corsOf(plain.text)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    const { text } = await talk(...request(listed))
    expect([statusOf(text), corsOf(text)]).toEqual([status, corsOf(plain.text)])
    expect(envelopeOf(text).data).toBeNull()
  })

  test.each<[string, string[]]>([
    ['no origin', []],
    ['another origin', ['Origin: https://evil.example']],
    ['an origin with the listed one as prefix', ['Origin: https://app.example.evil.example']],
    ['the listed origin in capitals', ['Origin: HTTPS://APP.EXAMPLE']],
    ['*', ['Origin: *']],
    ['the origin null', ['Origin: null']],
    ['two origins', [listed, 'Origin: https://other.example']],
    ['the same origin twice', [listed, listed]],
    ['an origin with a line feed', ['Origin: https://app.example\nX-Evil: 1']],
    ['an origin with a carriage return', ['Origin: https://app.example\rX-Evil: 1']],
    ['another header whose name ends with Origin', ['X-Origin: https://app.example']],
  ])('but not %s', async (_, headers) => {
    for (const [, , request] of refused) {
      const { text } = await talk(...request(...headers))
      expect(statusOf(text)).toBeGreaterThanOrEqual(400)
      expect(corsOf(text)).toEqual({ vary: 'Origin' })
      expect(text).not.toMatch(/evil/i)
    }
  })

  test('but not an origin in a body', async () => {
    const [bytes = ''] = refused[2]?.[2]() ?? []
    expect(corsOf((await talk(`${bytes}\r\n${listed}\r\n\r\n`)).text)).toEqual({ vary: 'Origin' })
  })
})

test('an endless body is cut at 8 KiB with 413', async () => {
  const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`
  const { text } = await talk(
    lines(
      `POST ${REFRESH} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ),
    chunk,
    chunk,
    chunk,
  )
  expect([statusOf(text), envelopeOf(text).error.code]).toEqual([413, 'payload_too_large'])
})

test('a large Content-Length is refused before the body is sent', async () => {
  const { text } = await talk(
    lines(
      `POST ${REFRESH} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 1000000000',
    ),
  )
  expect([statusOf(text), envelopeOf(text).error.code]).toEqual([413, 'payload_too_large'])
})

test('CONNECT closes the connection', async () => {
  expect(
    (await talk(lines('CONNECT evil.example:443 HTTP/1.1', 'Host: evil.example:443'))).text,
  ).toBe('')
})

/** The code for a request cut by a slow network, which the client may repeat. */
function expectIncomplete(text: string): void {
  expect([statusOf(text), envelopeOf(text).error]).toEqual([
    408,
    expect.objectContaining({ code: 'request_incomplete', retryable: true }),
  ])
  expect(text).toContain('connection: close\r\n')
}

test('endless headers are cut after 5 seconds', async () => {
  const { text, seconds } = await talk('GET / HTTP/1.1\r\nHost: localhost\r\n')
  expectIncomplete(text)
  expect([app.server.headersTimeout, seconds]).toEqual([
    5000,
    expect.toSatisfy((is: number) => is > 4 && is < LATEST_SECONDS),
  ])
})

test('a missing body is cut after 10 seconds', async () => {
  const { text, seconds } = await talk(
    lines(
      `POST ${REFRESH} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 20',
    ),
    '{',
  )
  expectIncomplete(text)
  expect([app.server.requestTimeout, seconds]).toEqual([
    10_000,
    expect.toSatisfy((is: number) => is > 9 && is < LATEST_SECONDS),
  ])
})

test('an idle connection is closed without a response, which its next request could be mistaken for', async () => {
  const { text, seconds } = await talk()
  expect([text, seconds]).toEqual([
    '',
    expect.toSatisfy((is: number) => is > 4 && is < LATEST_SECONDS),
  ])
})

test('a request whose body stalls after its response gets no second response', async () => {
  const { text } = await talk(
    lines(
      `POST ${REFRESH} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: text/plain',
      'Content-Length: 20',
    ),
    '{',
  )
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 415'])
})

test('an empty chunked body counts as no body, whatever its type', async () => {
  const request = (body: string) =>
    lines(
      `POST ${REFRESH} HTTP/1.1`,
      'Host: localhost',
      'Connection: close',
      'X-Refresh-Token: r1',
      'Content-Type: text/plain',
      'Transfer-Encoding: chunked',
    ) + body
  expect(statusOf((await talk(request('0\r\n\r\n'))).text)).toBe(200)
  expect(statusOf((await talk(request('1\r\nx\r\n0\r\n\r\n'))).text)).toBe(415)
})

test('a stop waits at most three seconds for a client whose body stalls', async () => {
  const other = openTestApp().app
  await other.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((other.server.address() as AddressInfo).port, '127.0.0.1')
  let answered = ''
  socket.on('error', () => {}).on('data', (data) => (answered += data.toString()))
  const hungUp = new Promise((resolve) => socket.once('close', resolve))
  const arrived = new Promise((resolve) => other.server.once('request', resolve))
  socket.write(
    lines(
      `POST ${REFRESH} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 20',
    ) + '{',
  )
  await arrived
  const startedMs = performance.now()
  await other.close()
  const seconds = (performance.now() - startedMs) / 1000
  expect(seconds).toBeGreaterThan(2.9)
  // A missing body would get its response after 10 s; this one was cut earlier.
  expect(seconds).toBeLessThan(9)
  await hungUp
  expect(answered).toBe('')
})

test('two requests in one packet get their responses in order', async () => {
  const first = lines('GET /nowhere HTTP/1.1', 'Host: localhost')
  const { text } = await talk(first + post(REFRESH, BODY))
  expect([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual([
    '404',
    '200',
  ])
})
