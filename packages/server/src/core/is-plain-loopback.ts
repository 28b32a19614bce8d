import type { ClientRequest } from './client-request.ts'
import { isLoopbackHost } from './is-loopback-host.ts'

type LoopbackRequest = Pick<ClientRequest, 'headers'> & {
  protocol: string
  hostname: string
  raw: { httpVersion: string }
}

/**
 * Whether a browser on this machine connects over plain HTTP, as far as the request shows. HTTP/1.0
 * (nginx before 1.29.7 by default), the page's `Origin` or a forwarding header reveal a proxy that
 * rewrites `Host`.
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

/** Whether a URL or an origin is on this machine. */
export function isLoopbackUrl(text: string): boolean {
  return URL.canParse(text) && isLoopbackHost(new URL(text).hostname)
}
