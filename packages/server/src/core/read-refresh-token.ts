import { CodedError, HEADERS, MAX_REFRESH_TOKEN_LENGTH } from '@auto-refresh/contracts'
import type { ClientRequest } from './client-request.ts'
import { isNone } from './is-none.ts'
import { readHeaderValues } from './read-header-values.ts'
import { hasTokenPrefix, readRefreshCookies } from './read-refresh-cookies.ts'

/** A refresh token as the client sent it; not verified. */
export type PresentedRefreshToken = Readonly<{
  token: string
  transport: 'body' | 'header' | 'cookie'
  /**
   * values of further refresh cookies; the caller decides by their authenticity which one counts
   */
  others?: readonly string[]
}>

/**
 * Each cookie costs a call to token-store. Browsers send cookies with longer paths first, and ours
 * has the shortest path, so the last ones are kept.
 */
const MAX_COOKIES = 16

/**
 * Reads the refresh token of a request: from the body, else the header, else the cookie. An
 * explicit token wins over cookies, because a script cannot delete a stale HttpOnly cookie. Empty,
 * `null` and `undefined` count as missing. A `__Host-` cookie wins over cookies of the plain name.
 * Throws `ambiguous_refresh_token` when body and headers carry different tokens.
 */
export function readRefreshToken(
  request: Pick<ClientRequest, 'headers' | 'raw'>,
  { bodyToken }: { bodyToken?: string | null | undefined } = {},
): PresentedRefreshToken | undefined {
  const [header, ...moreHeaders] = readHeaderValues(request, HEADERS.refreshToken)
  if (moreHeaders.length > 0) throw new CodedError('ambiguous_refresh_token')
  if (!isNone(bodyToken) && !isNone(header) && bodyToken !== header)
    throw new CodedError('ambiguous_refresh_token')
  if (!isNone(bodyToken)) return present(bodyToken, 'body')
  if (!isNone(header)) return present(header, 'header')

  const [cookie, ...others] = findCookies(request)
  if (cookie === undefined) return undefined
  const presented = present(cookie, 'cookie')
  return others.length === 0 ? presented : { ...presented, others }
}

const present = (token: string, transport: PresentedRefreshToken['transport']) => ({
  token: token.slice(0, MAX_REFRESH_TOKEN_LENGTH),
  transport,
})

/**
 * Returns the distinct refresh cookies. If one has the prefix of our tokens, those without it belong
 * to another application and are left out.
 */
function findCookies(request: Pick<ClientRequest, 'headers' | 'raw'>): string[] {
  const { host, plain } = readRefreshCookies(request)
  const distinct = [...new Set(host.length > 0 ? host : plain)].map((token) =>
    token.slice(0, MAX_REFRESH_TOKEN_LENGTH),
  )
  const prefixed = distinct.filter(hasTokenPrefix)
  return (prefixed.length > 0 ? prefixed : distinct).slice(-MAX_COOKIES)
}
