import { CodedError, type ErrorCode } from '@auto-refresh/contracts'
import type { FastifyError } from 'fastify'

const FRAMEWORK_CODES = new Map<string, ErrorCode>([
  ['FST_ERR_VALIDATION', 'invalid_request'],
  ['FST_ERR_BAD_URL', 'invalid_request'],
  ['FST_ERR_MAX_PARAM_LENGTH', 'invalid_request'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'invalid_request'],
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'payload_too_large'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'unsupported_media_type'],
  ['FST_ERR_ROUTE_MISSING_CONTENT_TYPE', 'unsupported_media_type'],
  // the client went away in the middle of its body
  ['ECONNRESET', 'invalid_request'],
])

/** What the caller is told of any error. What is not known here is our own fault: `unavailable`, never a 401. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const code = isFrameworkError(error) ? FRAMEWORK_CODES.get(error.code) : undefined
  if (code === undefined || !isFrameworkError(error)) return new CodedError('unavailable', { cause: error })
  const detail = describeFault(error)
  return new CodedError(code, { cause: error, ...(detail === undefined ? {} : { detail }) })
}

/** Where and what, in the words of the schema. The value itself stays out of it. */
function describeFault({ validation, validationContext }: FastifyError): string | undefined {
  const fault = validation?.[0]
  return fault === undefined ? undefined : `The request is not valid: ${validationContext ?? ''}${fault.instancePath} ${fault.message ?? 'does not fit'}`
}

const isFrameworkError = (error: unknown): error is FastifyError => error instanceof Error && 'code' in error && typeof error.code === 'string'
