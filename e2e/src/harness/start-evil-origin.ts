import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * An origin of an attacker that wants the user's tokens: it allows every page to send any header,
 * records each request, and responds with a token pair of its own.
 */
export async function startEvilOrigin() {
  const reached: Array<{ path: string; headers: IncomingHttpHeaders; body: string }> = []
  const cors = (origin: string) => ({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers':
      'authorization, content-type, x-refresh-token, idempotency-key, x-auto-refresh',
    'access-control-expose-headers': 'x-token-refreshed, x-new-access-token, x-new-refresh-token',
  })
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    if (request.method === 'GET' && request.url === '/evil')
      return void response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<link rel="icon" href="data:,">')
    const headers = cors(request.headers.origin ?? '*')
    if (request.method === 'OPTIONS') return void response.writeHead(204, headers).end()
    reached.push({ path: request.url ?? '', headers: request.headers, body })
    response
      .writeHead(401, {
        ...headers,
        'x-token-refreshed': 'true',
        'x-new-access-token': 'theirs',
        'x-new-refresh-token': 'theirs',
      })
      .end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached,
    cors,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  }
}
