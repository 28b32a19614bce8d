import { CodedError, HEADERS } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Reads the `Idempotency-Key`, if any: 1 to 255 visible ASCII characters. Throws
 * `CodedError('invalid_request')`.
 */
export function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers[HEADERS.idempotencyKey]
  if (key === undefined) return undefined
  if (typeof key === 'string' && KEY.test(key)) return key
  throw new CodedError('invalid_request', {
    detail: 'Idempotency-Key must have 1 to 255 visible ASCII characters',
  })
}
