import type { ServerResponse } from 'node:http'
import type { CodedError } from '@auto-refresh/contracts'
import { toRefusal } from '../core/to-refusal.ts'
import { requestIdOf, type ExpressRequest } from './to-guard-request.ts'

/**
 * Sends the error envelope of auth-api, independent of the application's error handlers. If an
 * earlier middleware has begun another response, that one is cut.
 */
export function sendRefusal(
  error: CodedError,
  request: ExpressRequest,
  response: ServerResponse,
): void {
  if (response.headersSent) {
    if (!response.writableEnded) response.destroy()
    return
  }
  const { status, headers, body } = toRefusal(error, requestIdOf(request))
  response.statusCode = status
  for (const [name, value] of headers) response.setHeader(name, value)
  response.end(JSON.stringify(body))
}
