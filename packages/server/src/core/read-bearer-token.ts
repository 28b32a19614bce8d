import { CodedError } from '@auto-refresh/contracts'
import type { ClientRequest } from './client-request.ts'
import { isNone } from './is-none.ts'
import { readHeaderValues } from './read-header-values.ts'

/**
 * Reads the access token of `Authorization: Bearer` (RFC 6750 §2.1). Throws `invalid_request` when
 * there are two such headers.
 */
export function readBearerToken(request: Pick<ClientRequest, 'raw'>): string | undefined {
  const [value, ...more] = readHeaderValues(request, 'authorization')
  if (more.length > 0)
    throw new CodedError('invalid_request', { detail: 'Send one Authorization header' })
  const token = /^bearer(?: +(.*))?$/i.exec(value?.trim() ?? '')?.[1]
  return isNone(token) ? undefined : token
}
