import type { FastifyReply } from 'fastify'
import {
  toClearedCookieFields,
  toRefreshCookieFields,
  type RefreshCookieSettings,
} from '../core/refresh-cookie-fields.ts'

/** Sets the refresh cookie; see `toRefreshCookieFields`. */
export function setRefreshCookie(
  reply: FastifyReply,
  cookie: { token: string; idleUntilMs: number; nowMs: number },
  settings: RefreshCookieSettings,
): void {
  for (const [name, value] of toRefreshCookieFields(reply.request, cookie, settings))
    reply.header(name, value)
}

/** Clears the refresh cookie; see `toClearedCookieFields`. */
export function clearRefreshCookie(reply: FastifyReply, settings: RefreshCookieSettings): void {
  for (const [name, value] of toClearedCookieFields(reply.request, settings))
    reply.header(name, value)
}
