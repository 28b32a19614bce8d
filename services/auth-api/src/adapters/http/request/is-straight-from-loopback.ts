import { isLoopbackHost, isLoopbackUrl } from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** What proxies, tunnels and CDNs add to a request that they pass on. */
const FORWARDING = new RegExp(
  '^(forwarded|via|cdn-loop|client-ip|true-client-ip|proxy-connection|surrogate-capability|' +
    'x-(forwarded|original|real|client|cluster|proxy|proxied|envoy|amzn|amz|appengine|azure|arr|nginx|haproxy|varnish|remote)-?.*|' +
    '(cf|fly|fastly|akamai|x-akamai|x-vercel|x-nf|x-cloud|x-ms|x-tunnel|ngrok|x-ngrok|tailscale)-.*)$',
)

/**
 * Whether nothing about a request hints at a proxy or at another machine. It cannot see every
 * proxy: one that speaks HTTP/1.1, adds no header and rewrites `Host` looks like a program of this
 * machine. HTTP/1.0 is what nginx before 1.29.7 sends by default, and no current program of a user.
 */
export function isStraightFromLoopback({
  socket,
  raw,
  hostname,
  headers,
}: Pick<FastifyRequest, 'socket' | 'raw' | 'hostname' | 'headers'>): boolean {
  const peer = socket.remoteAddress ?? ''
  return (
    ipaddr.isValid(peer) &&
    ipaddr.process(peer).range() === 'loopback' &&
    raw.httpVersion !== '1.0' &&
    isLoopbackHost(hostname) &&
    isLoopbackOrAbsent(headers.origin) &&
    isLoopbackOrAbsent(headers.referer) &&
    !Object.keys(headers).some((name) => FORWARDING.test(name))
  )
}

const isLoopbackOrAbsent = (url: string | undefined) => url === undefined || isLoopbackUrl(url)
