import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createHttpAuditTrail } from './create-http-audit-trail.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const answer =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(body))
const open = (urls: string[], attemptMs = 5000) =>
  createHttpAuditTrail({ urls, apiKey: 'k'.repeat(32), attemptMs })
const REQUEST = {
  subject: { userId: '0199e000-0000-7000-8000-00000000000a' },
  window: { order: 'oldest' },
} as const

test('a call carries the key and the request, and returns the result', async () => {
  const seen: unknown[] = []
  const url = await listen((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      seen.push([request.url, request.headers.authorization, Buffer.concat(chunks).toString()])
      answer(200, { entries: [] })(request, response)
    })
  })
  expect(await open([`${url}/base/`]).timeline(REQUEST)).toEqual({ entries: [] })
  expect(seen).toEqual([
    ['/base/internal/v1/timeline', `Bearer ${'k'.repeat(32)}`, JSON.stringify(REQUEST)],
  ])
})

test('a failed call is repeated at the next replica', async () => {
  const broken = await listen(answer(503, {}))
  const working = await listen(answer(200, { detections: [] }))
  const reader = open([broken, working])
  for (let i = 0; i < 4; i += 1) expect(await reader.detections({})).toEqual({ detections: [] })
})

test.each<[string, RequestListener]>([
  ['refuses the key', answer(403, {})],
  ['answers something else', answer(200, { entries: [{ type: 'unknown' }] })],
  ['answers no JSON', (_, response) => void response.end('<html>')],
  ['leads elsewhere', (_, response) => void response.writeHead(302, { location: '/' }).end()],
  ['does not answer', () => {}],
])('a cleanup-worker that %s is a 503', async (_, handle) => {
  const reader = open([await listen(handle)], 200)
  await expect(reader.timeline(REQUEST)).rejects.toMatchObject({ code: 'unavailable' })
})

test('a cleanup-worker that cannot be reached is a 503', async () => {
  await expect(open(['http://127.0.0.1:1']).timeline(REQUEST)).rejects.toMatchObject({
    code: 'unavailable',
  })
})
