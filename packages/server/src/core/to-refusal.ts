import { HEADERS, toErrorEnvelope, type CodedError } from '@auto-refresh/contracts'
import type { HeaderField } from './guard.ts'

const MAX_RETRY_AFTER_SECONDS = 5

/** A response that refuses a request; `body` is sent as JSON. */
export type Refusal = Readonly<{
  status: number
  headers: readonly HeaderField[]
  body: ReturnType<typeof toErrorEnvelope>
}>

/**
 * Converts an error into the response of auth-api: its status, its error envelope, and the headers
 * that belong to it. `requestId` is named in the body and in `X-Request-Id`.
 */
export function toRefusal(error: CodedError, requestId: string): Refusal {
  // random, so that clients do not retry all at once
  const afterSeconds =
    error.retryAfterSeconds ??
    (error.code === 'unavailable'
      ? 1 + Math.floor(Math.random() * MAX_RETRY_AFTER_SECONDS)
      : undefined)
  return {
    status: error.statusCode,
    headers: [
      ['content-type', 'application/json; charset=utf-8'],
      ['cache-control', 'no-store, private'],
      [HEADERS.requestId, requestId],
      // RFC 9110 §15.5.2: every 401 has a challenge
      ...(error.statusCode === 401 ? [['www-authenticate', 'Bearer'] as const] : []),
      ...(afterSeconds === undefined ? [] : [['retry-after', String(afterSeconds)] as const]),
    ],
    body: toErrorEnvelope(error, requestId),
  }
}
