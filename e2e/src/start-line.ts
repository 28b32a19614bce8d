import { createServer, request as sendRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from './eventually.ts'

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
  /** what went back; absent while it is under way and where the line broke */ status?: number
}
/**
 * What becomes of a call: `forward` lets the server handle it; without an answer the connection
 * breaks.
 */
export type Fault = (
  forward: (body?: string) => Promise<Answer>,
  call: Call,
) => Promise<Answer | undefined>
export type Line = Awaited<ReturnType<typeof startLine>>

/** Carried out by the server, and the answer is lost. */
export const lose: Fault = async (forward) => void (await forward())
/** Never reaches the server. */
export const cut: Fault = async () => undefined

/**
 * Refused with such a status and `Retry-After`, with the CORS headers that the server itself gives
 * to a refusal.
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
      error: { code, retryable, request_id: 'line' },
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

/** Stands still until it is released, before the server (`handled` false) or after it. */
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
 * A reverse proxy on an origin of its own: what a browser asks of it goes to `target` as it is, and
 * is written down. `pages` are answered here; `faults` hold what happens to the calls of a path
 * instead of being forwarded.
 */
export async function startLine(
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
    const forward = (content = body) => persist(() => exchange(to, call, content))
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
    /** The calls of a path since the last `forget`, preflights apart. */
    of: (path: string) => calls.filter((call) => call.path === path && call.method !== 'OPTIONS'),
    forget() {
      calls.length = 0
      faults.clear()
    },
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  }
}

/**
 * As proxies do: a server that cannot answer just now, such as one that has stood still, is asked
 * again.
 */
async function persist(send: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const answer = await send()
    if (answer.status !== 503 || performance.now() > deadline) return answer
    await pause(100)
  }
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
