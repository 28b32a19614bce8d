import type { IncomingMessage } from 'node:http'
import { HEADERS } from '@auto-refresh/contracts'
import type { GuardRequest } from '../core/guard.ts'
import { toRequestId } from '../core/to-request-id.ts'

/** What Express 4 and 5 add to a request. Its types are not needed to use this package. */
export type ExpressRequest = IncomingMessage &
  Readonly<{
    /** with `trust proxy`, the client's; undefined after a disconnect */
    ip?: string
    originalUrl?: string
    protocol?: string
    /** Express 4: undefined without a Host header */
    hostname?: string
    /** of a middleware for request ids */
    id?: unknown
    /** of a middleware such as pino-http */
    log?: unknown
  }>

/** Reads a request as the guard needs it: the values that the client sent, as `trust proxy` says. */
export function toGuardRequest(request: ExpressRequest): GuardRequest {
  const { ip, headers, originalUrl, url = '/', method = 'GET', protocol, hostname = '' } = request
  return {
    id: requestIdOf(request),
    ...(ip === undefined ? {} : { ip }),
    headers,
    // A router removes the path under which it is mounted from `url`.
    url: originalUrl ?? url,
    method,
    protocol: protocol ?? ('encrypted' in request.socket ? 'https' : 'http'),
    hostname,
    raw: request,
    ...(isLog(request.log) ? { log: request.log } : {}),
  }
}

/** Returns the id that a middleware has set, else that of `X-Request-Id`, else a random one. */
export const requestIdOf = ({ id, headers }: ExpressRequest): string =>
  toRequestId(typeof id === 'number' ? String(id) : id, headers[HEADERS.requestId])

const isLog = (log: unknown): log is NonNullable<GuardRequest['log']> =>
  typeof log === 'object' && log !== null && typeof Reflect.get(log, 'warn') === 'function'
