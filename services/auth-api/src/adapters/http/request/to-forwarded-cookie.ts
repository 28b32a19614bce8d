import { HOST_REFRESH_COOKIE } from '@auto-refresh/contracts'
import { isLoopbackUrl } from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import type { HttpSettings } from '../http-deps.ts'

/**
 * The settings of a cookie that a back end or a proxy forwards. Its call, often on plain HTTP and on
 * this machine, does not show how the browser connects, so the public URL decides about `Secure`. A
 * `__Host-` cookie in the request shows it too.
 */
export function toForwardedCookie(
  { cookie, issuer }: Pick<HttpSettings, 'cookie' | 'issuer'>,
  request?: Pick<FastifyRequest, 'headers'>,
): HttpSettings['cookie'] {
  if (cookie.secure !== 'auto') return cookie
  const sentSecurely = request?.headers.cookie?.includes(`${HOST_REFRESH_COOKIE}=`) === true
  return sentSecurely || !isLoopbackUrl(issuer) ? { ...cookie, secure: 'true' } : cookie
}
