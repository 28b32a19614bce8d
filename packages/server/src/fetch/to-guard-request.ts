import { randomUUID } from 'node:crypto'
import { HEADERS } from '@auto-refresh/contracts'
import type { GuardRequest } from '../core/guard.ts'
import { hasTokenPrefix } from '../core/read-refresh-cookies.ts'

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/
/**
 * A Request joins equal headers by commas. No token contains one, so that several are found. An
 * Authorization of another scheme may contain commas.
 */
const JOINED: Readonly<Record<string, RegExp>> = {
  authorization: /,\s*(?=bearer\b)|(?<=^bearer [^,]*),\s*/i,
  [HEADERS.refreshToken]: /,\s*/,
}

/** Reads a Request as the guard needs it. `ip`: the client's address. */
export function toGuardRequest(request: Request, ip: string | undefined): GuardRequest {
  const { pathname, search, protocol, hostname } = new URL(request.url)
  const fields = [...request.headers]
  return {
    id: toRequestId(request.headers.get(HEADERS.requestId)),
    ...(ip === undefined ? {} : { ip }),
    headers: Object.fromEntries(fields),
    url: pathname + search,
    method: request.method,
    protocol: protocol.slice(0, -1),
    hostname,
    raw: {
      rawHeaders: fields.flatMap(([name, value]) => {
        const comma = JOINED[name]
        return comma === undefined
          ? [name, value]
          : value.split(comma).flatMap((one) => [name, one])
      }),
      httpVersion: '1.1',
    },
  }
}

/** Text that may be a token must not get into logs and responses. */
const toRequestId = (given: string | null): string =>
  given !== null && REQUEST_ID.test(given) && !hasTokenPrefix(given) ? given : randomUUID()
