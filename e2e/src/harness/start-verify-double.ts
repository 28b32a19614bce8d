import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Echo } from './start-echo.ts'

/** `headers`: name, value, name, value, ... */
export type VerifyAnswer = { status: number; headers?: string[]; body?: string } | 'hang' | 'cut'

export const toLines = (headers: Record<string, string>) => Object.entries(headers).flat()

export const USER = toLines({
  'X-Auth-User': 'user-1',
  'X-Auth-Username': 'J%C3%BCrgen',
  'X-Auth-Role': 'editor',
  'X-Auth-Session': 'session-1',
})

/** An auth-api that records its calls and responds as `answer` says. */
export async function startVerifyDouble() {
  const calls: Echo[] = []
  const double = {
    answer: { status: 200, headers: USER } as VerifyAnswer,
    calls,
    port: 0,
    close: () =>
      new Promise<unknown>((resolve) => (server.closeAllConnections(), server.close(resolve))),
  }
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    const { method = '', url = '', rawHeaders: headers } = request
    calls.push({ method, url, headers, body: await text(request).catch(() => 'aborted') })
    const { answer } = double
    if (answer === 'hang') return
    if (answer === 'cut') return void request.socket.destroy()
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  double.port = (server.address() as AddressInfo).port
  return double
}
