import type { ClientRequest } from './client-request.ts'
import { isLoopbackHost } from './is-loopback-host.ts'

type LoopbackRequest = Pick<ClientRequest, 'headers'> & {
  protocol: string
  hostname: string
  raw: { httpVersion: string }
}

/**
 * Whether a browser asked this machine over plain http, as far as its request shows. Behind a proxy
 * that rewrites `Host`, HTTP/1.0 (nginx before 1.29.7 by default), the page's `Origin` or a
 * forwarding header still shows that it did not.
 */
export function isPlainLoopback({ protocol, hostname, raw, headers }: LoopbackRequest): boolean {
  if (protocol !== 'http' || !isLoopbackHost(hostname) || raw.httpVersion === '1.0') return false
  const { origin, 'x-forwarded-host': forwardedHost, 'x-forwarded-proto': forwardedProto } = headers
  return (
    (origin === undefined || isLoopbackUrl(origin)) &&
    (forwardedHost === undefined || isLoopbackUrl(`http://${String(forwardedHost)}`)) &&
    (forwardedProto === undefined || forwardedProto === 'http')
  )
}

/** Whether a URL or an origin names this machine. */
export function isLoopbackUrl(text: string): boolean {
  return URL.canParse(text) && isLoopbackHost(new URL(text).hostname)
}
