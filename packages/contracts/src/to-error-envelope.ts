import { ERROR_CODES, type CodedError } from './error-codes.ts'

/** The body of every error response. */
export function toErrorEnvelope({ code, message }: CodedError, requestId: string) {
  const { status, retryable } = ERROR_CODES[code]
  return { status, message, data: null, error: { code, retryable, request_id: requestId } }
}
