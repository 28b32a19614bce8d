import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CodedError, type RotateRequest } from '@auto-refresh/contracts'
import { expect, onTestFinished, test } from 'vitest'
import { createHttpTokenStore } from './create-http-token-store.ts'

const SESSION = '0198c1a0-0000-7000-8000-000000000002'
const REQUEST: RotateRequest = { token: 'art_x', context: { network: '203.0.113.0/24', agent: 'curl' }, accessTtlSeconds: 1800 }

async function openStore(answer: RequestListener, path = '') {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const { tokenStore, close } = createHttpTokenStore({ url: `http://127.0.0.1:${port}${path}`, apiKey: 'k'.repeat(32), deadlineMs: 200 })
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await close()
  })
  return { tokenStore, server }
}
const json = (body: unknown, status = 200): RequestListener => (_, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

test('a call is one item with the key of the service, and its answer one result', async () => {
  const seen: object[] = []
  const { tokenStore } = await openStore(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    seen.push({ method: request.method, url: request.url, key: request.headers.authorization, body: JSON.parse(Buffer.concat(chunks).toString()) })
    json({ results: [{ outcome: 'revoked', sessionId: SESSION, reason: 'logout' }] })(request, response)
  }, '/store/')
  expect(await tokenStore.rotate(REQUEST)).toEqual({ outcome: 'revoked', sessionId: SESSION, reason: 'logout' })
  expect(seen).toEqual([{ method: 'POST', url: '/store/internal/v1/rotate', key: `Bearer ${'k'.repeat(32)}`, body: { items: [REQUEST] } }])
})

test('every verb has its path', async () => {
  const paths = new Set<string | undefined>()
  const { tokenStore } = await openStore((request, response) => {
    paths.add(request.url?.slice('/internal/v1/'.length))
    json({ results: [] })(request, response)
  })
  await Promise.allSettled([
    tokenStore.issue({ userId: SESSION, userVersion: 0, clientId: 'c', context: REQUEST.context, accessTtlSeconds: 1 }),
    tokenStore.rotate(REQUEST),
    tokenStore.peek(REQUEST),
    tokenStore.inspect({ sessionId: SESSION }),
    tokenStore.revokeSession({ sessionId: SESSION, reason: 'logout' }),
    tokenStore.revokeUser({ userId: SESSION, version: 1, reason: 'logout_all' }),
    tokenStore.listSessions({ userId: SESSION }),
    tokenStore.revocations({}),
  ])
  expect(paths).toEqual(new Set(['inspect', 'issue', 'list-sessions', 'peek', 'revocations', 'revoke-session', 'revoke-user', 'rotate']))
})

test.each<[string, RequestListener]>([
  ['tells that it could not', json({ results: [{ error: 'unavailable' }] })],
  ['does not know our key', json({ error: { code: 'forbidden' } }, 403)],
  ['answers 401', json({}, 401)],
  ['answers 500', json({ results: [{ outcome: 'expired' }] }, 500)],
  ['answers in another form', json({ results: [{ outcome: 'made_up' }] })],
  ['leaves a property out', json({ results: [{ outcome: 'revoked' }] })],
  ['answers nothing', json({ results: [] })],
  ['answers more than was asked', json({ results: [{ outcome: 'expired' }, { outcome: 'expired' }] })],
  ['answers null', json(null)],
  ['answers no JSON', (_, response) => void response.end('<html>')],
  ['hangs up', (request) => void request.socket.destroy()],
  ['hangs up in the middle', (_, response) => void response.writeHead(200, { 'content-length': '100' }).write('{"results"', () => response.destroy())],
  ['never answers', () => undefined],
  ['begins to answer and stops', (_, response) => void response.writeHead(200).write('{"results":[')],
])('a store that %s is unavailable, within the deadline, and its cause is kept', async (_, answer) => {
  const { tokenStore } = await openStore(answer)
  const startedMs = performance.now()
  const error: unknown = await tokenStore.rotate(REQUEST).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'unavailable', cause: { message: 'token-store: rotate failed', cause: expect.anything() } })
  expect(error).toBeInstanceOf(CodedError)
  expect(performance.now() - startedMs).toBeLessThan(1500)
})

test('a store that is away is unavailable at once, and used again when it is back', async () => {
  const { tokenStore, server } = await openStore(json({ results: [{ outcome: 'expired' }] }))
  const { port } = server.address() as AddressInfo
  expect(await tokenStore.rotate(REQUEST)).toEqual({ outcome: 'expired' })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await expect(tokenStore.rotate(REQUEST)).rejects.toMatchObject({ code: 'unavailable' })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  expect(await tokenStore.rotate(REQUEST)).toEqual({ outcome: 'expired' })
})

test('no token and no key stands in the error', async () => {
  const { tokenStore } = await openStore(json({}, 403))
  const error: unknown = await tokenStore.rotate({ ...REQUEST, token: 'art_secret' }).catch((thrown: unknown) => thrown)
  const { inspect } = await import('node:util')
  expect(inspect(error, { depth: 10 })).not.toMatch(/art_secret|kkkk/)
})
