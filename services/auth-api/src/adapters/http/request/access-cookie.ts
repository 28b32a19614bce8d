import { ACCESS_COOKIE, HOST_ACCESS_COOKIE } from '@auto-refresh/contracts'
import { isPlainLoopback } from '@auto-refresh/server/core'
import type { RefreshCookieSettings } from '@auto-refresh/server/fastify'
import type { FastifyReply } from 'fastify'

/** RFC 6265bis §5.6: browsers ignore a cookie whose name and value are longer. */
const MAX_BYTES = 4096

/**
 * Sets the cookie with an access token, which has the attributes of the refresh cookie and lives as
 * long as the token. A token that does not fit clears the cookie. One under the other name is
 * cleared, because it would count as well.
 */
export function setAccessCookie(
  reply: FastifyReply,
  { token, expiresInSeconds }: { token: string; expiresInSeconds: number },
  settings: RefreshCookieSettings,
): void {
  const name = toName(reply, settings)
  const fits = name.length + 1 + token.length <= MAX_BYTES
  if (fits) write(reply, { name, token, maxAge: expiresInSeconds }, settings)
  for (const stale of findOwnNames(reply))
    if (stale !== name || !fits) clear(reply, stale, settings)
}

/** Clears the cookies with an access token that the request carried. */
export function clearAccessCookies(reply: FastifyReply, settings: RefreshCookieSettings): void {
  for (const name of findOwnNames(reply)) clear(reply, name, settings)
}

/** Also without a Domain: an earlier setting may have had none. */
function clear(reply: FastifyReply, name: string, settings: RefreshCookieSettings): void {
  write(reply, { name, token: '', maxAge: 0 }, settings)
  if (name === ACCESS_COOKIE && settings.domain !== undefined)
    write(reply, { name, token: '', maxAge: 0 }, { ...settings, domain: undefined })
}

/** The names under which the request carried an access token of ours. */
function findOwnNames({ request }: FastifyReply): string[] {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  return [HOST_ACCESS_COOKIE, ACCESS_COOKIE].filter((name) =>
    pairs.some((pair) => pair.startsWith(`${name}=`) && isOurs(pair.slice(name.length + 1))),
  )
}

/** Other applications use the plain name too. */
const isOurs = (token: string) =>
  Buffer.from(token.split('.', 1)[0] ?? '', 'base64url')
    .toString()
    .includes('"at+jwt"')

const toName = (reply: FastifyReply, settings: RefreshCookieSettings) =>
  settings.domain === undefined && isSecure(reply, settings) ? HOST_ACCESS_COOKIE : ACCESS_COOKIE

function isSecure({ request }: FastifyReply, { secure, sameSite }: RefreshCookieSettings): boolean {
  if (secure !== 'auto') return secure === 'true'
  return sameSite === 'none' || !isPlainLoopback(request)
}

function write(
  reply: FastifyReply,
  { name, token, maxAge }: { name: string; token: string; maxAge: number },
  settings: RefreshCookieSettings,
): void {
  const { sameSite, domain, partitioned = false } = settings
  const isHost = name === HOST_ACCESS_COOKIE
  const attributes = {
    path: '/',
    httpOnly: true,
    sameSite,
    maxAge,
    secure: isHost || partitioned || isSecure(reply, settings),
    ...(partitioned ? { partitioned } : {}),
    ...(isHost || domain === undefined ? {} : { domain }),
  }
  reply.header('set-cookie', reply.server.serializeCookie(name, token, attributes))
}
