import { ACCESS_COOKIE, HOST_ACCESS_COOKIE } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

/** Each costs the check of a signature. Those of the shortest path, as ours, are sent last. */
const MAX_COOKIES = 4

/**
 * Reads the access tokens that came as cookies. Only this host can set `__Host-access_token`, so
 * beside it the plain name does not count.
 */
export function readAccessCookies({ headers }: Pick<FastifyRequest, 'headers'>): string[] {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const valuesOf = (name: string) =>
    pairs
      .filter((pair) => pair.startsWith(`${name}=`) && pair.length > name.length + 1)
      .map((pair) => pair.slice(name.length + 1))
  const host = valuesOf(HOST_ACCESS_COOKIE)
  return [...new Set(host.length > 0 ? host : valuesOf(ACCESS_COOKIE))].slice(-MAX_COOKIES)
}
