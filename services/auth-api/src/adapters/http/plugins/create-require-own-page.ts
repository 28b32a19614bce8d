import { CodedError, HEADERS } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import { isUpgrade, readOriginalMethods } from '../request/original-request.ts'
import type { RequireCsrfProof } from './create-require-csrf-proof.ts'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

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
    const { origin, [HEADERS.csrfProof]: proof } = request.headers
    const says = readOriginalMethods(request).length > 0
    if (!says && origin === undefined && proof === undefined)
      throw new CodedError('csrf_rejected', {
        detail: 'The proxy must send the method of the original request as X-Original-Method',
      })
    requireCsrfProof(request)
  }
}

/** A WebSocket handshake is a GET, and the connection that it opens may do anything. */
function isReading(request: FastifyRequest): boolean {
  const methods = readOriginalMethods(request)
  return (
    !isUpgrade(request) && methods.length > 0 && methods.every((method) => SAFE_METHODS.has(method))
  )
}
