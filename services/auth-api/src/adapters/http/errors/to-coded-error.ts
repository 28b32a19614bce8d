import { CodedError, type ErrorCode } from '@auto-refresh/contracts'
import type { FastifyError } from 'fastify'

const BY_STATUS = new Map<number, ErrorCode>([
  [403, 'forbidden'],
  [404, 'not_found'],
  [413, 'payload_too_large'],
  [415, 'unsupported_media_type'],
])

/**
 * What the caller is told of any error. What is not known as the caller's fault is our own:
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

/** Fastify and its plugins say by a 4xx of their own that the request was wrong. */
function toErrorCode({ code, statusCode, status }: LibraryError): ErrorCode | undefined {
  // the client went away in the middle of its body
  if (code === 'ECONNRESET') return 'request_incomplete'
  const given = statusCode ?? status ?? 500
  return given >= 400 && given < 500 ? (BY_STATUS.get(given) ?? 'invalid_request') : undefined
}

/** Where and what, in the words of the schema. The value itself stays out of it. */
function describeFault({ validation, validationContext }: LibraryError): string | undefined {
  const fault = validation?.[0]
  return fault === undefined
    ? undefined
    : `The request is not valid: ${validationContext ?? ''}${fault.instancePath} ${fault.message ?? 'does not fit'}`
}

type LibraryError = Partial<FastifyError> & { status?: number }
const isLibraryError = (error: unknown): error is LibraryError => error instanceof Error
