import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { ask } from './ask.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
  vi.restoreAllMocks()
})
/** Longer than any machine stands still. */
const LONG = { deadlineMs: 60_000 }

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

test('an answer that is longer than any of auth-api is not read to its end', async () => {
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
  await expect(ask({ url, ...LONG })).rejects.toThrow('The answer is too long')
  expect(sent).toBeLessThan(200)
})

test('a connection that breaks is tried once more with the same body', async () => {
  const { url, seen } = await serve(cut, good)
  expect(await ask({ url, method: 'POST', body: { a: 1 }, ...LONG })).toMatchObject({
    status: 200,
    body: { ok: true },
  })
  expect(seen).toEqual([{ body: '{"a":1}' }, { body: '{"a":1}' }])
})

test('one that hangs has half of the time, and is tried once more with the same body in what is left', async () => {
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
  expect(await ask({ url, method: 'POST', body: { a: 1 }, ...LONG })).toMatchObject({
    status: 200,
    body: { ok: true },
  })
  expect(seen).toEqual([{ body: '{"a":1}' }, { body: '{"a":1}' }])
  const [first, second] = timeouts.map(({ ms }) => ms)
  expect(first).toBe(30_000)
  expect(second).toBeGreaterThan(30_000)
  expect(second).toBeLessThanOrEqual(60_000)
})

test('two that break or hang are given up within the deadline', async () => {
  const { url, seen } = await serve(cut)
  await expect(ask({ url, ...LONG })).rejects.toThrow('fetch failed')
  expect(seen.length).toBe(2)
  const hanging = await serve(hang)
  await expect(ask({ url: hanging.url, deadlineMs: 200 })).rejects.toThrow(/abort|timeout/i)
})

test('an error is an answer, and is not asked about again', async () => {
  const { url, seen } = await serve((_, response) => response.writeHead(503).end('not json'))
  expect(await ask({ url, ...LONG })).toMatchObject({ status: 503, body: undefined })
  expect(seen.length).toBe(1)
})

test('keys and tokens do not follow a redirect', async () => {
  const elsewhere = await serve(good)
  const { url } = await serve((_, response) =>
    response.writeHead(307, { location: elsewhere.url }).end(),
  )
  await expect(ask({ url, headers: { authorization: 'Bearer key' }, ...LONG })).rejects.toThrow(
    'fetch failed',
  )
  expect(elsewhere.seen).toEqual([])
})
