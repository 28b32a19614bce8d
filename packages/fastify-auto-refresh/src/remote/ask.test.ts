import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ask } from './ask.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A server on a port of its own; `seen` counts what arrived. */
async function serve(...listeners: RequestListener[]) {
  const seen: { body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen.push({ body })
      listeners[Math.min(seen.length, listeners.length) - 1]?.(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}
const cut: RequestListener = (request) => request.socket.destroy()
const hang: RequestListener = () => undefined
const good: RequestListener = (_, response) => response.end('{"ok":true}')

test.each<[string, RequestListener]>([['a connection that breaks', cut], ['one that hangs', hang]])('%s is tried once more with the same body', async (_, first) => {
  const { url, seen } = await serve(first, good)
  expect(await ask({ url, method: 'POST', body: { a: 1 }, deadlineMs: 4000 })).toMatchObject({ status: 200, body: { ok: true } })
  expect(seen).toEqual([{ body: '{"a":1}' }, { body: '{"a":1}' }])
})

test('two that break or hang are given up within the deadline', async () => {
  const { url, seen } = await serve(cut)
  await expect(ask({ url, deadlineMs: 4000 })).rejects.toThrow('fetch failed')
  expect(seen.length).toBe(2)
  const hanging = await serve(hang)
  await expect(ask({ url: hanging.url, deadlineMs: 200 })).rejects.toThrow(/abort|timeout/i)
})

test('an error is an answer, and is not asked about again', async () => {
  const { url, seen } = await serve((_, response) => response.writeHead(503).end('not json'))
  expect(await ask({ url, deadlineMs: 4000 })).toMatchObject({ status: 503, body: undefined })
  expect(seen.length).toBe(1)
})

test('keys and tokens do not follow a redirect', async () => {
  const elsewhere = await serve(good)
  const { url } = await serve((_, response) => response.writeHead(307, { location: elsewhere.url }).end())
  await expect(ask({ url, headers: { authorization: 'Bearer key' }, deadlineMs: 4000 })).rejects.toThrow('fetch failed')
  expect(elsewhere.seen).toEqual([])
})
