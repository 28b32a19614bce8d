import { HEADERS } from '@auto-refresh/contracts'
import { EXPOSE_HEADERS } from '../core/expose-headers.ts'
import type { HeaderField, PendingRenewal } from '../core/guard.ts'

/**
 * Refreshes the tokens of a request if its client will read the head of this response, and returns
 * the response with them: the same object, or a copy if its headers are immutable, such as those of
 * a result of `fetch`.
 */
export async function carryNewTokens(
  request: Request,
  response: Response,
  renewal: PendingRenewal,
): Promise<Response> {
  if (!response.ok || request.signal.aborted || isUndecided(response)) return response
  // A guard inside has refreshed them.
  if (response.headers.has(HEADERS.tokenRefreshed)) return response
  // Before the refresh: a body that cannot be copied must not cost the new tokens.
  const carrier = isImmutable(response) ? new Response(response.body, response) : response
  const exposedHeaders = carrier.headers.get(EXPOSE_HEADERS) ?? undefined
  for (const field of await renewal({ exposedHeaders })) write(carrier.headers, field)
  return carrier
}

function write(headers: Headers, [name, value]: HeaderField): void {
  if (name === 'set-cookie') headers.append(name, value)
  else headers.set(name, value)
}

/**
 * In a proxy (middleware) of Next.js these responses stand for one that is made later, with another
 * status.
 */
const isUndecided = ({ headers }: Response) =>
  headers.has('x-middleware-next') || headers.has('x-middleware-rewrite')

function isImmutable({ headers }: Response): boolean {
  try {
    headers.delete('x-auto-refresh-probe')
    return false
  } catch {
    return true
  }
}
