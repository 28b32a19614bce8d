import { CodedError, HEADERS } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import type { HttpSettings } from '../http-deps.ts'

/** Throws `csrf_rejected`. */
export type RequireCsrfProof = (request: FastifyRequest) => void

/**
 * A browser sends cookies whoever wrote the page. A request that lives on one, or asks for one,
 * must come from our own origin or a listed one; or, where there is no `Origin`, carry a header
 * that no form and no foreign page can set.
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
