import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export type Echo = { method: string; url: string; headers: string[]; body: string }

/**
 * An application behind a proxy: it responds with what it received. The query decides how:
 * `status`, `cookies` (a number of its own), `cache` (a `Cache-Control`), `stream`.
 */
export async function startEcho() {
  const received: Echo[] = []
  const server = createServer(async (request, response) => {
    const echo: Echo = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.rawHeaders,
      body: await text(request).catch(() => 'aborted'),
    }
    received.push(echo)
    const query = new URL(echo.url, 'http://echo').searchParams
    const status = Number(query.get('status') ?? 200)
    response.statusCode = status
    const cookies = Array.from({ length: Number(query.get('cookies')) }, (_, i) => `own_${i}=1`)
    if (cookies.length > 0) response.setHeader('set-cookie', cookies)
    if (query.has('cache')) response.setHeader('cache-control', query.get('cache') ?? '')
    if (status >= 300 && status < 400) response.setHeader('location', '/elsewhere')
    response.setHeader('content-type', 'application/json')
    if (query.has('stream')) response.write(' ')
    response.end(JSON.stringify(echo))
  })
  server.on('upgrade', (request, socket) => {
    received.push({
      method: 'upgrade',
      url: request.url ?? '',
      headers: request.rawHeaders,
      body: '',
    })
    // RFC 6455 §4.2.2; HAProxy checks it.
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.pipe(socket)
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  }
}

/** The values of all lines with this name. */
export const valuesOf = (lines: readonly string[], name: string): string[] =>
  lines.filter((_, i) => i % 2 === 1 && lines[i - 1]?.toLowerCase() === name)
