import { CodedError, HEADERS, REFRESH_COOKIE } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import { isNone } from './is-none.ts'
import { readHeaderValues } from './read-header-values.ts'

export type PresentedRefreshToken = Readonly<{ token: string; transport: 'body' | 'header' | 'cookie' }>

/** Ours have fewer than 150 characters. A longer one is refused like any other forged one, at no greater cost. */
const MAX_LENGTH = 1024

/**
 * The refresh token of a request: from the body, else the header, else the cookie. An explicit one wins over cookies, because a
 * script cannot delete a stale HttpOnly cookie. Empty, `null` and `undefined` mean "none". Throws `ambiguous_refresh_token`,
 * for different cookies too, unless they count as none: beside a bearer token a second cookie (of a sibling host, of an
 * older COOKIE_DOMAIN) must lock nobody out.
 */
export function readRefreshToken(
  request: FastifyRequest,
  { bodyToken, differentCookies = 'ambiguous' }: { bodyToken?: string | null | undefined; differentCookies?: 'ambiguous' | 'none' } = {},
): PresentedRefreshToken | undefined {
  const [header, ...moreHeaders] = readHeaderValues(request, HEADERS.refreshToken)
  if (moreHeaders.length > 0) throw new CodedError('ambiguous_refresh_token')
  if (!isNone(bodyToken) && !isNone(header) && bodyToken !== header) throw new CodedError('ambiguous_refresh_token')
  if (!isNone(bodyToken)) return present(bodyToken, 'body')
  if (!isNone(header)) return present(header, 'header')

  const [cookie, ...moreCookies] = new Set(readRefreshCookies(request))
  if (moreCookies.length > 0 && differentCookies === 'none') return undefined
  if (moreCookies.length > 0) throw new CodedError('ambiguous_refresh_token')
  return cookie === undefined ? undefined : present(cookie, 'cookie')
}

const present = (token: string, transport: PresentedRefreshToken['transport']) => ({ token: token.slice(0, MAX_LENGTH), transport })

function readRefreshCookies(request: FastifyRequest): string[] {
  return (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${REFRESH_COOKIE}=`))
    .map((pair) => pair.slice(REFRESH_COOKIE.length + 1))
    .filter((token) => !isNone(token))
}
