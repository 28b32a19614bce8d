import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RotateRequest, Tracing } from '@auto-refresh/contracts'
import { findFreePort } from '@auto-refresh/test-engines'
import { onTestFinished } from 'vitest'
import { createHttpTokenStore } from '../create-http-token-store.ts'

export const SESSION = '0198c1a0-0000-7000-8000-000000000002'
export const CONTEXT = { network: '203.0.113.0/24', agent: 'curl' }
export const rotation = (token = 'art_x'): RotateRequest => ({
  token,
  idempotencyKey: 'attempt',
  context: CONTEXT,
  accessTtlSeconds: 1800,
})

export const json =
  (body: unknown, status = 200): RequestListener =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(body))

export type Item = Partial<RotateRequest>
export type Asked = { verb: string; items: Item[]; response: ServerResponse; traceparent: unknown }
/** A result for each item; its number of seconds names the token. */
export const limited = (items: readonly Item[]) => ({
  results: items.map(({ token = '0' }) => ({
    outcome: 'rate_limited',
    retryAfterSeconds: Number(token.replace(/\D/g, '')) || 7,
  })),
})
export const answer = ({ items, response }: Asked) =>
  void response.end(JSON.stringify(limited(items)))

/**
 * Opens a fake token-store that records requests; `behaviour` responds. Probes get a 404. It can be
 * stopped and started again on the same port.
 */
export async function openTestStore({
  host = '127.0.0.1',
  port,
}: { host?: string; port?: number } = {}) {
  const asked: Asked[] = []
  const state = { behaviour: answer, probes: 0, openProbes: 0, probesAnswered: true }
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      state.probes += 1
      state.openProbes += 1
      response.once('close', () => (state.openProbes -= 1))
      if (state.probesAnswered) response.writeHead(404).end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { items } = JSON.parse(Buffer.concat(chunks).toString()) as { items: Item[] }
    const call = {
      verb: request.url?.slice('/internal/v1/'.length) ?? '',
      items,
      response,
      traceparent: request.headers['traceparent'],
    }
    asked.push(call)
    state.behaviour(call)
  })
  const bound = await listen(server, port ?? (await findFreePort()), host)
  return Object.assign(state, {
    asked,
    port: bound,
    url: `http://${host}:${bound}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    start: () => listen(server, bound, host),
  })
}

export async function listen(server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, host, resolve),
  )
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Opens the client over these stores, with a long deadline unless given. */
export function openClient({
  urls,
  deadlineMs = 20_000,
  lookup,
  tracing,
}: {
  urls: string[]
  deadlineMs?: number
  lookup?: (hostname: string) => Promise<string[]>
  tracing?: Tracing
}) {
  const messages: string[] = []
  const note = (_: object, message: string) => void messages.push(message)
  const { tokenStore, close } = createHttpTokenStore({
    urls,
    apiKey: 'k'.repeat(32),
    nowMs: () => performance.now(),
    random: Math.random,
    createId: randomUUID,
    log: { info: note, warn: note },
    deadlineMs,
    ...(lookup === undefined ? {} : { lookup }),
    ...(tracing === undefined ? {} : { tracing }),
  })
  onTestFinished(close)
  return { tokenStore, messages, close }
}

export async function timed<T>(work: Promise<T>): Promise<{ value: unknown; ms: number }> {
  const startedMs = performance.now()
  const value = await work.catch((error: unknown) => error)
  return { value, ms: performance.now() - startedMs }
}
