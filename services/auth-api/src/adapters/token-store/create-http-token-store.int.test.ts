import { createServer, type RequestListener } from 'node:http'
import { inspect } from 'node:util'
import { CodedError } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import {
  CONTEXT,
  json,
  listen,
  openClient,
  rotation,
  SESSION,
  timed,
} from './testing/test-stores.ts'

async function openStore(answer: RequestListener, { path = '', deadlineMs = 20_000 } = {}) {
  const port = await listen(createServer(answer))
  return openClient({ urls: [`http://127.0.0.1:${port}${path}`], deadlineMs }).tokenStore
}

test('a call sends one item with the service key and returns one result', async () => {
  const seen: object[] = []
  const tokenStore = await openStore(
    async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      seen.push({
        method: request.method,
        url: request.url,
        key: request.headers.authorization,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      })
      json({ results: [{ outcome: 'revoked', sessionId: SESSION, reason: 'logout' }] })(
        request,
        response,
      )
    },
    { path: '/store/' },
  )
  expect(await tokenStore.rotate(rotation())).toEqual({
    outcome: 'revoked',
    sessionId: SESSION,
    reason: 'logout',
  })
  expect(seen).toEqual([
    {
      method: 'POST',
      url: '/store/internal/v1/rotate',
      key: `Bearer ${'k'.repeat(32)}`,
      body: { items: [rotation()] },
    },
  ])
})

test('every method has its own path', async () => {
  const paths = new Set<string | undefined>()
  const tokenStore = await openStore((request, response) => {
    paths.add(request.url?.slice('/internal/v1/'.length))
    json({ results: [] })(request, response)
  })
  await Promise.allSettled([
    tokenStore.issue({
      userId: SESSION,
      userVersion: 0,
      clientId: 'c',
      context: CONTEXT,
      accessTtlSeconds: 1,
    }),
    tokenStore.rotate(rotation()),
    tokenStore.peek(rotation()),
    tokenStore.inspect({ sessionId: SESSION }),
    tokenStore.revokeSession({ sessionId: SESSION, reason: 'logout' }),
    tokenStore.revokeUser({ userId: SESSION, version: 1, reason: 'logout_all' }),
    tokenStore.listSessions({ userId: SESSION }),
    tokenStore.revocations({}),
  ])
  expect(paths).toEqual(
    new Set([
      'inspect',
      'issue',
      'list-sessions',
      'peek',
      'revocations',
      'revoke-session',
      'revoke-user',
      'rotate',
    ]),
  )
})

test.each<[string, RequestListener]>([
  ['reports a failure', json({ results: [{ error: 'unavailable' }] })],
  ['does not accept our key', json({ error: { code: 'forbidden' } }, 403)],
  ['responds 401', json({}, 401)],
  ['responds 500', json({ results: [{ outcome: 'expired' }] }, 500)],
  ['returns an unknown outcome', json({ results: [{ outcome: 'made_up' }] })],
  ['omits a property', json({ results: [{ outcome: 'revoked' }] })],
  ['returns no result', json({ results: [] })],
  ['returns too many results', json({ results: [{ outcome: 'expired' }, { outcome: 'expired' }] })],
  ['returns null', json(null)],
  ['returns no JSON', (_, response) => void response.end('<html>')],
  ['closes the connection', (request) => void request.socket.destroy()],
  [
    'closes the connection within the response',
    (_, response) =>
      void response
        .writeHead(200, { 'content-length': '100' })
        .write('{"results"', () => response.destroy()),
  ],
  ['never responds', () => undefined],
  [
    'stops within the response',
    (_, response) => void response.writeHead(200).write('{"results":['),
  ],
])('a store that %s is unavailable within the deadline, with its cause', async (_, answer) => {
  const tokenStore = await openStore(answer, { deadlineMs: 200 })
  const { value: error, ms } = await timed(tokenStore.rotate(rotation()))
  expect(error).toMatchObject({
    code: 'unavailable',
    cause: { message: 'token-store: rotate failed', cause: expect.anything() },
  })
  expect(error).toBeInstanceOf(CodedError)
  expect(ms).toBeLessThan(15_000)
})

test('an invalid request is refused by the client, because token-store would reject its whole batch', async () => {
  let requests = 0
  const tokenStore = await openStore((request, response) => {
    requests += 1
    json({ results: [{ outcome: 'expired' }] })(request, response)
  })
  const [bad, good] = await Promise.allSettled([
    tokenStore.rotate(rotation('x'.repeat(1025))),
    tokenStore.rotate(rotation()),
  ])
  expect([bad, good]).toMatchObject([
    { reason: { code: 'unavailable' } },
    { value: { outcome: 'expired' } },
  ])
  expect(requests).toBe(1)
})

test.each<[string, RequestListener]>([
  ['refuses our key', json({}, 403)],
  ['returns a token instead of JSON', (_, response) => void response.end('art_secret')],
])('the error of a store that %s contains no token and no key', async (_, answer) => {
  const tokenStore = await openStore(answer)
  const { value: error } = await timed(tokenStore.rotate(rotation('art_secret')))
  expect(error).toBeInstanceOf(CodedError)
  expect(inspect(error, { depth: 10 })).not.toMatch(/art_secret|kkkk/)
})
