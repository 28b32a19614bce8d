import { CodedError } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import type { RequireCsrfProof } from './create-require-csrf-proof.ts'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const ORIGINAL_METHODS = ['x-forwarded-method', 'x-original-method'] as const

/**
 * Creates the check against CSRF for an authentication subrequest that only cookies authenticate.
 * Browsers attach them to the requests of a foreign page too, so a request that may change something
 * must come from a page of the same origin or of a listed one. A proxy that does not say which
 * method it asks about is refused: each request might be a POST.
 */
export function createRequireOwnPage(requireCsrfProof: RequireCsrfProof): RequireCsrfProof {
  return (request) => {
    if (isReading(request)) return
    // No script can set it. It also counts where a proxy does not forward scheme and host.
    if (request.headers['sec-fetch-site'] === 'same-origin') return
    if (toMethods(request).length === 0 && request.headers.origin === undefined)
      throw new CodedError('csrf_rejected', {
        detail: 'The proxy must send the method of the original request as X-Original-Method',
      })
    requireCsrfProof(request)
  }
}

/** A WebSocket handshake is a GET, and the connection that it opens may do anything. */
function isReading(request: FastifyRequest): boolean {
  const { upgrade, 'sec-websocket-key': webSocketKey } = request.headers
  const methods = toMethods(request)
  return (
    upgrade === undefined &&
    webSocketKey === undefined &&
    methods.length > 0 &&
    methods.every((method) => SAFE_METHODS.has(method))
  )
}

/** Both headers count: a proxy overwrites only one of them, and a client may send the other. */
const toMethods = ({ headers }: FastifyRequest) =>
  ORIGINAL_METHODS.flatMap((name) => headers[name] ?? [])
