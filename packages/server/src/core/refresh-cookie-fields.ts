import { isIP } from 'node:net'
import { HOST_REFRESH_COOKIE, REFRESH_COOKIE } from '@auto-refresh/contracts'
import { stringifySetCookie } from 'cookie'
import type { GuardRequest, HeaderField } from './guard.ts'
import { isPlainLoopback } from './is-plain-loopback.ts'
import { hasTokenPrefix, readRefreshCookies } from './read-refresh-cookies.ts'

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

type CookieRequest = Pick<GuardRequest, 'headers' | 'hostname' | 'protocol' | 'raw'>

/** What distinguishes cookies of one host in a browser. */
type Variant = Readonly<{ name: string; domain?: string | undefined; partitioned: boolean }>

/** Limit of the domains of a host that are cleared. */
const MAX_DOMAINS = 5

/**
 * Returns the headers that set the refresh cookie, which lives until the token expires unused, and
 * clear the ones that the request carried under another name, domain or partition: after a change
 * of settings the browser would keep sending a stale one.
 */
export function toRefreshCookieFields(
  request: CookieRequest,
  cookie: { token: string; idleUntilMs: number; nowMs: number },
  settings: RefreshCookieSettings,
): HeaderField[] {
  const maxAge = Math.max(0, Math.floor((cookie.idleUntilMs - cookie.nowMs) / 1000))
  const toField = createToField(request, settings)
  return [
    toField(toOwnVariant(request, settings), { token: cookie.token, maxAge }),
    ...findStaleVariants(request, settings).map((stale) => toField(stale, CLEARED)),
  ]
}

/**
 * Returns the headers that clear the cookie in every variant that this host, or an earlier setting,
 * may have set.
 */
export function toClearedCookieFields(
  request: CookieRequest,
  settings: RefreshCookieSettings,
): HeaderField[] {
  const own = toOwnVariant(request, settings)
  const hostOnly: Variant = { name: REFRESH_COOKIE, partitioned: own.partitioned }
  const all: Variant[] = [
    own,
    ...(own.name === REFRESH_COOKIE && own.domain === undefined ? [] : [hostOnly]),
    ...findStaleVariants(request, settings),
  ]
  const distinct = new Map(
    all.map((one) => [`${one.name} ${one.domain} ${one.partitioned}`, one] as const),
  )
  const toField = createToField(request, settings)
  return [...distinct.values()].map((variant) => toField(variant, CLEARED))
}

const CLEARED = { token: '', maxAge: 0 }

function toOwnVariant(request: CookieRequest, settings: RefreshCookieSettings): Variant {
  const { domain, partitioned = false } = settings
  return domain === undefined && isSecure(request, settings)
    ? { name: HOST_REFRESH_COOKIE, partitioned }
    : { name: REFRESH_COOKIE, domain, partitioned }
}

/**
 * Cookies of the request other than the one that we set. A value without our prefix belongs to
 * another application.
 */
function findStaleVariants(request: CookieRequest, settings: RefreshCookieSettings): Variant[] {
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

function isSecure(request: CookieRequest, { secure, sameSite }: RefreshCookieSettings): boolean {
  if (secure !== 'auto') return secure === 'true'
  return sameSite === 'none' || !isPlainLoopback(request)
}

function createToField(request: CookieRequest, settings: RefreshCookieSettings) {
  return (
    { name, domain, partitioned }: Variant,
    { token, maxAge }: { token: string; maxAge: number },
  ): HeaderField => {
    const secure = name === HOST_REFRESH_COOKIE || partitioned || isSecure(request, settings)
    const cookie = {
      name,
      value: token,
      path: '/',
      httpOnly: true,
      sameSite: settings.sameSite,
      maxAge,
      secure,
      ...(partitioned ? { partitioned } : {}),
      ...(domain === undefined ? {} : { domain }),
    }
    return ['set-cookie', stringifySetCookie(cookie)]
  }
}
