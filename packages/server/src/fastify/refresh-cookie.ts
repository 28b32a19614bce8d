import { isIP } from 'node:net'
import { HOST_REFRESH_COOKIE, REFRESH_COOKIE } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isPlainLoopback } from '../core/is-plain-loopback.ts'
import { hasTokenPrefix, readRefreshCookies } from '../core/read-refresh-cookies.ts'

/** Attributes of the refresh cookie. */
export type RefreshCookieSettings = Readonly<{
  /**
   * `auto`: Secure, except on plain HTTP on the local machine, where some browsers reject a Secure
   * cookie. With SameSite=None it is always Secure, because browsers reject it otherwise.
   */
  secure: 'auto' | 'true' | 'false'
  /** the attribute SameSite */
  sameSite: 'lax' | 'strict' | 'none'
  /** the attribute Domain; absent: the cookie is sent to this host only */
  domain?: string | undefined
  /** one cookie per top-level site (CHIPS), for a front end in an iframe of another site */
  partitioned?: boolean | undefined
}>

/** What distinguishes cookies of one host in a browser. */
type Variant = Readonly<{ name: string; domain?: string | undefined; partitioned: boolean }>

/** Limit of the domains of a host that are cleared. */
const MAX_DOMAINS = 5

/**
 * Sets the refresh cookie, which lives until the token expires unused, and clears the ones that the
 * request carried under another name, domain or partition: after a change of settings the browser
 * would keep sending a stale one. Requires @fastify/cookie.
 */
export function setRefreshCookie(
  reply: FastifyReply,
  cookie: { token: string; idleUntilMs: number; nowMs: number },
  settings: RefreshCookieSettings,
): void {
  const maxAge = Math.max(0, Math.floor((cookie.idleUntilMs - cookie.nowMs) / 1000))
  write(reply, toOwnVariant(reply.request, settings), { token: cookie.token, maxAge }, settings)
  for (const stale of findStaleVariants(reply.request, settings))
    write(reply, stale, CLEARED, settings)
}

/** Clears the cookie in every variant that this host, or an earlier setting, may have set. */
export function clearRefreshCookie(reply: FastifyReply, settings: RefreshCookieSettings): void {
  const own = toOwnVariant(reply.request, settings)
  const hostOnly: Variant = { name: REFRESH_COOKIE, partitioned: own.partitioned }
  const all: Variant[] = [
    own,
    ...(own.name === REFRESH_COOKIE && own.domain === undefined ? [] : [hostOnly]),
    ...findStaleVariants(reply.request, settings),
  ]
  for (const variant of new Map(
    all.map((one) => [`${one.name} ${one.domain} ${one.partitioned}`, one]),
  ).values())
    write(reply, variant, CLEARED, settings)
}

const CLEARED = { token: '', maxAge: 0 }

function toOwnVariant(request: FastifyRequest, settings: RefreshCookieSettings): Variant {
  const { domain, partitioned = false } = settings
  return domain === undefined && isSecure(request, settings)
    ? { name: HOST_REFRESH_COOKIE, partitioned }
    : { name: REFRESH_COOKIE, domain, partitioned }
}

/**
 * Cookies of the request other than the one that we set. A value without our prefix belongs to
 * another application.
 */
function findStaleVariants(request: FastifyRequest, settings: RefreshCookieSettings): Variant[] {
  const own = toOwnVariant(request, settings)
  const { partitioned } = own
  const { host, plain } = readRefreshCookies(request)
  const plainCount = plain.filter(hasTokenPrefix).length
  const ownCount = own.name === HOST_REFRESH_COOKIE ? host.length : plainCount
  const stale: Variant[] = ownCount > 1 ? [{ ...own, partitioned: !partitioned }] : []
  if (own.name !== HOST_REFRESH_COOKIE && host.length > 0)
    stale.push({ name: HOST_REFRESH_COOKIE, partitioned })
  if (plainCount > (own.name === REFRESH_COOKIE ? 1 : 0)) {
    const domains = [undefined, ...findDomains(request.hostname)]
    stale.push(
      ...domains
        .filter(
          (domain) => own.name !== REFRESH_COOKIE || domain !== own.domain?.replace(/^\./, ''),
        )
        .map((domain) => ({ name: REFRESH_COOKIE, domain, partitioned })),
    )
  }
  return stale
}

/** The domains for which a page of this host may have cookies; browsers ignore public suffixes. */
function findDomains(hostname: string): string[] {
  const labels = hostname.toLowerCase().split('.')
  if (labels.length < 2 || isIP(hostname) > 0 || hostname.startsWith('[')) return []
  return labels
    .slice(0, -1)
    .map((_, index) => labels.slice(index).join('.'))
    .slice(-MAX_DOMAINS)
}

function isSecure(request: FastifyRequest, { secure, sameSite }: RefreshCookieSettings): boolean {
  if (secure !== 'auto') return secure === 'true'
  return sameSite === 'none' || !isPlainLoopback(request)
}

/** Writes the header directly: in an onSend hook `setCookie` is too late. */
function write(
  reply: FastifyReply,
  { name, domain, partitioned }: Variant,
  { token, maxAge }: { token: string; maxAge: number },
  settings: RefreshCookieSettings,
): void {
  const secure = name === HOST_REFRESH_COOKIE || partitioned || isSecure(reply.request, settings)
  const attributes = {
    path: '/',
    httpOnly: true,
    sameSite: settings.sameSite,
    maxAge,
    secure,
    ...(partitioned ? { partitioned } : {}),
  }
  reply.header(
    'set-cookie',
    reply.server.serializeCookie(name, token, {
      ...attributes,
      ...(domain === undefined ? {} : { domain }),
    }),
  )
}
