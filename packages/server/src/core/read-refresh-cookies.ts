import { HOST_REFRESH_COOKIE, REFRESH_COOKIE } from '@auto-refresh/contracts'
import type { ClientRequest } from './client-request.ts'
import { isNone } from './is-none.ts'

/**
 * Returns the values of a request's refresh cookies in the order sent. Only this host can have set
 * those in `host` (`__Host-refresh_token`). A sibling host or another application can also set
 * those in `plain` (`refresh_token`).
 */
export function readRefreshCookies(request: Pick<ClientRequest, 'headers'>): {
  host: string[]
  plain: string[]
} {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const valuesOf = (name: string) =>
    pairs
      .filter((pair) => pair.startsWith(`${name}=`))
      .map((pair) => pair.slice(name.length + 1))
      .filter((token) => !isNone(token))
  return { host: valuesOf(HOST_REFRESH_COOKIE), plain: valuesOf(REFRESH_COOKIE) }
}

/**
 * Whether a value has the prefix of our refresh tokens. This does not prove that it is authentic.
 */
export const hasTokenPrefix = (token: string) => token.startsWith('art_')
