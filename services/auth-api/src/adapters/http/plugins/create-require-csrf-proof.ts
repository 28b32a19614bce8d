import { CodedError, HEADERS } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import type { HttpSettings } from '../http-deps.ts'

/** Throws `CodedError('csrf_rejected')`. */
export type RequireCsrfProof = (request: FastifyRequest) => void

/**
 * Creates the check against CSRF for requests that present or receive a refresh cookie. Such a
 * request must come from our own origin or a listed one. Without `Origin` it must have a header
 * that neither a form nor a foreign page can set.
 */
export function createRequireCsrfProof({
  issuer,
  allowedOrigins,
}: Pick<HttpSettings, 'issuer' | 'allowedOrigins'>): RequireCsrfProof {
  const trusted = new Set([
    ...allowedOrigins,
    ...(URL.canParse(issuer) ? [new URL(issuer).origin] : []),
  ])
  return (request) => {
    const { origin, [HEADERS.csrfProof]: proof } = request.headers
    const ownOrigin = `${request.protocol}://${request.host.toLowerCase()}`
    const proven =
      origin === undefined ? proof === '1' : origin === ownOrigin || trusted.has(origin)
    if (!proven) throw new CodedError('csrf_rejected')
  }
}
