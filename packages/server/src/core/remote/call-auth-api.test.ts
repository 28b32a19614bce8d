import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { callAuthApi } from './call-auth-api.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
  vi.restoreAllMocks()
})
/** Long enough for a machine under load. */
const LONG = { deadlineMs: 60_000 }

/** Starts a server on its own port; `seen` counts requests. */
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

test('a response body over the limit is not read to its end', async () => {
  let sent = 0
  const { url } = await serve((_, response) => {
    const send = () => {
      while (sent < 200 && !response.destroyed && response.write(Buffer.alloc(1_000_000, 'x')))
        sent += 1
      if (sent === 200) response.end()
    }
    response.on('drain', send)
    send()
  })
  await expect(callAuthApi({ url, ...LONG })).rejects.toThrow('Response body is too long')
  expect(sent).toBeLessThan(200)
})

test('a broken connection is retried once with the same body', async () => {
  const { url, seen } = await serve(cut, good)
  expect(await callAuthApi({ url, method: 'POST', body: { a: 1 }, ...LONG })).toMatchObject({
    status: 200,
    body: { ok: true },
  })
  expect(seen).toEqual([{ body: '{"a":1}' }, { body: '{"a":1}' }])
})

test('a hanging call is retried with the same body after half of the deadline', async () => {
  const timeouts: { ms: number; end: AbortController }[] = []
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const end = new AbortController()
    timeouts.push({ ms, end })
    return end.signal
  })
  const { url, seen } = await serve(
    () => timeouts[0]?.end.abort(new DOMException('late', 'TimeoutError')),
    good,
  )
  expect(await callAuthApi({ url, method: 'POST', body: { a: 1 }, ...LONG })).toMatchObject({
    status: 200,
    body: { ok: true },
  })
  expect(seen).toEqual([{ body: '{"a":1}' }, { body: '{"a":1}' }])
  const [first, second] = timeouts.map(({ ms }) => ms)
  expect(first).toBe(30_000)
  expect(second).toBeGreaterThan(30_000)
  expect(second).toBeLessThanOrEqual(60_000)
})

test('two broken or hanging calls fail within the deadline', async () => {
  const { url, seen } = await serve(cut)
  await expect(callAuthApi({ url, ...LONG })).rejects.toThrow('fetch failed')
  expect(seen.length).toBe(2)
  const hanging = await serve(hang)
  await expect(callAuthApi({ url: hanging.url, deadlineMs: 200 })).rejects.toThrow(/abort|timeout/i)
})

test('an error response is not retried', async () => {
  const { url, seen } = await serve((_, response) => response.writeHead(503).end('not json'))
  expect(await callAuthApi({ url, ...LONG })).toMatchObject({ status: 503, body: undefined })
  expect(seen.length).toBe(1)
})

test('keys and tokens do not follow a redirect', async () => {
  const elsewhere = await serve(good)
  const { url } = await serve((_, response) =>
    response.writeHead(307, { location: elsewhere.url }).end(),
  )
  await expect(
    callAuthApi({ url, headers: { authorization: 'Bearer key' }, ...LONG }),
  ).rejects.toThrow('fetch failed')
  expect(elsewhere.seen).toEqual([])
})
