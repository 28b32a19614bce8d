import { HEADERS } from '@auto-refresh/contracts'
import type { GuardRequest } from '../core/guard.ts'
import { toRequestId } from '../core/to-request-id.ts'

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
