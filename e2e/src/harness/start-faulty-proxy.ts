import { createServer, request as sendRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from '@auto-refresh/test-engines'

export type Answer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string | Buffer
}
export type Call = {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
  at: number
  /** status of the response; absent while the call is in flight and after a cut connection */
  status?: number
}
/**
 * What happens to a call: `forward` lets the server handle it. Returns the response for the client;
 * with `undefined` the proxy closes the connection.
 */
export type Fault = (
  forward: (body?: string) => Promise<Answer>,
  call: Call,
) => Promise<Answer | undefined>

/** The server handles the request, and its response is lost. */
export const lose: Fault = async (forward) => void (await forward())
/** The request never reaches the server. */
export const cut: Fault = async () => undefined

/**
 * The proxy rejects the request with this status and `Retry-After`, and with the CORS headers that
 * the server sends on its own errors.
 */
export const refuse =
  (status: number, code: string, retryAfterSeconds?: number): Fault =>
  async (forward) => {
    const { headers } = await forward('{}')
    const retryable = retryAfterSeconds !== undefined
    const body = JSON.stringify({
      status,
      message: code,
      data: null,
      error: { code, retryable, request_id: 'proxy' },
    })
    return {
      status,
      headers: {
        ...headers,
        'content-length': String(Buffer.byteLength(body)),
        ...(retryable ? { 'retry-after': String(retryAfterSeconds) } : {}),
      },
      body,
    }
  }

/** Holds the call until it is released, before the server (`handled` false) or after it. */
export function holdUp({ handled }: { handled: boolean }) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let held = 0
  const fault: Fault = async (forward) => {
    const answer = handled ? await forward() : undefined
    held += 1
    await released
    return answer ?? forward()
  }
  return { fault, release, arrived: () => eventually(() => held > 0, 20_000) }
}

/**
 * A reverse proxy on its own origin: it records every call and forwards it to `target` unchanged.
 * The proxy serves `pages` itself. `faults` maps a path to what happens to its calls instead.
 */
export async function startFaultyProxy(
  target: string,
  pages: Record<string, { type: string; body: string }> = {},
) {
  const calls: Call[] = []
  const faults = new Map<string, Fault>()
  const to = new URL(target)

  const server = createServer(async (request, response) => {
    const page = pages[request.url?.split('?', 1)[0] ?? '']
    if (page !== undefined)
      return void response.writeHead(200, { 'content-type': page.type }).end(page.body)
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const call: Call = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body,
      at: performance.now(),
    }
    calls.push(call)
    const fault = call.method === 'OPTIONS' ? undefined : faults.get(call.path)
    const forward = (content = body) => retryUnavailable(() => exchange(to, call, content))
    const answer = await (fault === undefined ? forward() : fault(forward, call)).catch(
      () => undefined,
    )
    if (answer === undefined) return void request.socket.destroy()
    call.status = answer.status
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    faults,
    calls,
    /** Calls to a path since the last `forget`, without preflights. */
    of: (path: string) => calls.filter((call) => call.path === path && call.method !== 'OPTIONS'),
    forget() {
      calls.length = 0
      faults.clear()
    },
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  }
}

/** Retries on 503, as reverse proxies do: the process may have stalled on a slow machine. */
function retryUnavailable(send: () => Promise<Answer>): Promise<Answer> {
  return eventually(async () => {
    const answer = await send()
    return answer.status !== 503 && answer
  }, 20_000)
}

function exchange(to: URL, { method, path, headers }: Call, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const outgoing = sendRequest(
      {
        host: to.hostname,
        port: to.port,
        method,
        path,
        headers: { ...headers, host: to.host, ...length },
      },
      async (incoming) => {
        const {
          connection: _,
          'keep-alive': _keepAlive,
          'transfer-encoding': _encoding,
          ...kept
        } = incoming.headers
        const chunks: Buffer[] = []
        for await (const chunk of incoming) chunks.push(chunk as Buffer)
        resolve({ status: incoming.statusCode ?? 0, headers: kept, body: Buffer.concat(chunks) })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
