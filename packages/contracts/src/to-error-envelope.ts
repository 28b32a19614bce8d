import { ERROR_CODES, type CodedError } from './error-codes.ts'

/** The body of every error response. */
export function toErrorEnvelope({ code, message, statusCode }: CodedError, requestId: string) {
  const { retryable } = ERROR_CODES[code]
  return {
    status: statusCode,
    message,
    data: null,
    error: { code, retryable, request_id: requestId },
  }
}
