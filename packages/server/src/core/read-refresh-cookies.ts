import { HOST_REFRESH_COOKIE, REFRESH_COOKIE } from '@auto-refresh/contracts'
import type { ClientRequest } from './client-request.ts'
import { isNone } from './is-none.ts'

/**
 * The values of a request's refresh cookies, in the order sent. `host` holds those of
 * `__Host-refresh_token`, which only this host can have set; `plain` those of `refresh_token`,
 * which a sibling host or another application can set too.
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
 * Whether a cookie value has the prefix of our refresh tokens. It says nothing about authenticity.
 */
export const looksLikeOurs = (token: string) => token.startsWith('art_')
