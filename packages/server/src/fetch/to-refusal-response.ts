import type { CodedError } from '@auto-refresh/contracts'
import { toRefusal } from '../core/to-refusal.ts'

/** Creates the response of auth-api to a request that is refused. */
export function toRefusalResponse(error: CodedError, requestId: string): Response {
  const { status, headers, body } = toRefusal(error, requestId)
  return new Response(JSON.stringify(body), {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  })
}
