import { REFRESH_COOKIE } from '@auto-refresh/contracts'
import type { FastifyReply } from 'fastify'
import { isPlainLoopback } from './is-plain-loopback.ts'

/** `auto`: Secure, except on plain http to the machine itself, where some browsers drop it. With SameSite=None it is Secure even there: without, all of them drop it. */
export type RefreshCookieSettings = Readonly<{ secure: 'auto' | 'true' | 'false'; sameSite: 'lax' | 'strict' | 'none'; domain?: string | undefined }>

/** The cookie lives as long as the token would unused. Needs @fastify/cookie. */
export function setRefreshCookie(reply: FastifyReply, cookie: { token: string; idleUntilMs: number; nowMs: number }, settings: RefreshCookieSettings): void {
  const maxAge = Math.max(0, Math.floor((cookie.idleUntilMs - cookie.nowMs) / 1000))
  write(reply, cookie.token, maxAge, settings)
}

/** Clears the cookie of this host and, where one is set, of the domain: a change of COOKIE_DOMAIN may have left the other. */
export function clearRefreshCookie(reply: FastifyReply, settings: RefreshCookieSettings): void {
  write(reply, '', 0, settings)
  if (settings.domain !== undefined) write(reply, '', 0, { ...settings, domain: undefined })
}

/** Writes the header itself: in an onSend hook `setCookie` comes too late. */
function write(reply: FastifyReply, token: string, maxAge: number, { secure, sameSite, domain }: RefreshCookieSettings): void {
  const attributes = { path: '/', httpOnly: true, sameSite, maxAge, secure: secure === 'auto' ? sameSite === 'none' || !isPlainLoopback(reply.request) : secure === 'true' }
  reply.header('set-cookie', reply.server.serializeCookie(REFRESH_COOKIE, token, { ...attributes, ...(domain === undefined ? {} : { domain }) }))
}
