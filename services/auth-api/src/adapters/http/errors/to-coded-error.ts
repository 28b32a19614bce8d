import { CodedError, type ErrorCode } from '@auto-refresh/contracts'
import type { FastifyError } from 'fastify'

const BY_STATUS = new Map<number, ErrorCode>([
  [403, 'forbidden'],
  [404, 'not_found'],
  [413, 'payload_too_large'],
  [415, 'unsupported_media_type'],
])

/**
 * Converts any error for the caller. An error that is not known to be the caller's becomes
 * `unavailable`, never a 401.
 */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  if (!isLibraryError(error)) return new CodedError('unavailable', { cause: error })
  const code = toErrorCode(error)
  const detail = describeFault(error)
  return new CodedError(code ?? 'unavailable', {
    cause: error,
    ...(code === undefined || detail === undefined ? {} : { detail }),
  })
}

/** Fastify and its plugins use a 4xx status for invalid requests. */
function toErrorCode({ code, statusCode, status }: LibraryError): ErrorCode | undefined {
  // The client closed the connection while sending its body.
  if (code === 'ECONNRESET') return 'request_incomplete'
  const given = statusCode ?? status ?? 500
  return given >= 400 && given < 500 ? (BY_STATUS.get(given) ?? 'invalid_request') : undefined
}

/** Describes a validation error in the words of the schema, without the value. */
function describeFault({ validation, validationContext }: LibraryError): string | undefined {
  const fault = validation?.[0]
  return fault === undefined
    ? undefined
    : `The request is not valid: ${validationContext ?? ''}${fault.instancePath} ${fault.message ?? 'does not fit'}`
}

type LibraryError = Partial<FastifyError> & { status?: number }
const isLibraryError = (error: unknown): error is LibraryError => error instanceof Error
