import { isIP, type LookupFunction } from 'node:net'
import type { SpanOptions, Tracing } from '@auto-refresh/contracts'
import { Pool } from 'undici'
import type { Endpoint } from './create-find-replicas.ts'
import { sendRequest, type Response } from './send-request.ts'

const CONNECTIONS = 32
const CONNECT_MS = 1000

/**
 * `not_reached`: no connection was made, so nothing was carried out. `failed`: it may have been
 * carried out. `rejected`: token-store never accepts this request.
 */
export type Answer =
  | { outcome: 'answered'; results: readonly unknown[] }
  | { outcome: 'not_reached' | 'failed' | 'rejected'; cause: unknown }

export type Replica = ReturnType<typeof openReplica>

/**
 * Opens the connections to one replica of token-store. Its methods return failures instead of
 * throwing them, and the failures contain no part of the request.
 */
export function openReplica({
  endpoint,
  apiKey,
  tracing,
}: {
  endpoint: Endpoint
  apiKey: string
  tracing: Tracing
}) {
  const { origin, pathname, hostname, port, protocol } = new URL(endpoint.url)
  const base = `${pathname.replace(/\/$/, '')}/internal/v1`
  const pool = new Pool(origin, {
    connections: CONNECTIONS,
    allowH2: false,
    connect: { timeout: CONNECT_MS, lookup: alwaysTo(endpoint.address) },
  })
  const authorization = `Bearer ${apiKey}`
  const peer = {
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  }

  const headers = { authorization, 'content-type': 'application/json' }

  function send(verb: string, items: readonly object[], withinMs: number): Promise<Response> {
    const traceparent = tracing.current()
    return sendRequest(pool, {
      method: 'POST',
      path: `${base}/${verb}`,
      headers: traceparent === undefined ? headers : { ...headers, traceparent },
      body: JSON.stringify({ items }),
      withinMs,
    })
  }

  const toSpan = (verb: string): SpanOptions<Response> => ({
    kind: 'client',
    name: `POST /internal/v1/${verb}`,
    attributes: { 'http.request.method': 'POST', 'url.template': `/internal/v1/${verb}`, ...peer },
    describe: ({ status }) => ({
      'http.response.status_code': status,
      ...(status >= 400 && { 'error.type': String(status) }),
    }),
  })

  return {
    /** for log lines */
    place: { origin, address: endpoint.address },
    async post(verb: string, items: readonly object[], withinMs: number): Promise<Answer> {
      try {
        const { status, text } = await tracing.span(toSpan(verb), () => send(verb, items, withinMs))
        return readAnswer(status, text, items.length)
      } catch (cause) {
        return { outcome: neverConnected(cause) ? 'not_reached' : 'failed', cause }
      }
    },
    /**
     * Whether the replica responds and accepts our key. A connection alone is not enough: a stopped
     * process still accepts connections.
     */
    async isAlive(withinMs: number): Promise<boolean> {
      try {
        const { status } = await sendRequest(pool, {
          method: 'GET',
          path: base,
          headers: { authorization },
          withinMs,
        })
        return status < 500 && status !== 401 && status !== 403
      } catch {
        return false
      }
    },
    /** Waits for the calls in flight. */
    close: () => pool.close(),
  }
}

function readAnswer(status: number, text: string, expected: number): Answer {
  if (status !== 200)
    return {
      outcome: status === 400 || status === 413 ? 'rejected' : 'failed',
      cause: new Error(`token-store responded ${status}`),
    }
  const results = resultsOf(text)
  return results?.length === expected
    ? { outcome: 'answered', results }
    : { outcome: 'failed', cause: new Error('Unexpected response body from token-store') }
}

function resultsOf(text: string): readonly unknown[] | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' &&
      body !== null &&
      'results' in body &&
      Array.isArray(body.results)
      ? body.results
      : undefined
  } catch {
    // The error of JSON.parse would quote a token.
    return undefined
  }
}

function neverConnected(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    ('syscall' in error && error.syscall === 'connect') ||
    ('code' in error && error.code === 'UND_ERR_CONNECT_TIMEOUT')
  )
}

/** Connects to this address; the host name stays in the request and in the certificate check. */
function alwaysTo(address: string): LookupFunction {
  const family = isIP(address)
  return (_, options, callback) =>
    options.all === true ? callback(null, [{ address, family }]) : callback(null, address, family)
}
