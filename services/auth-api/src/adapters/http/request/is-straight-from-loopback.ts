import { isLoopbackHost, isLoopbackUrl } from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** Headers that proxies, tunnels and CDNs add to forwarded requests. */
const FORWARDING = new RegExp(
  '^(forwarded|via|cdn-loop|client-ip|true-client-ip|proxy-connection|surrogate-capability|' +
    'x-(forwarded|original|real|client|cluster|proxy|proxied|envoy|' +
    'amzn|amz|appengine|azure|arr|nginx|haproxy|varnish|remote)-?.*|' +
    '(cf|fly|fastly|akamai|x-akamai|x-vercel|x-nf|x-cloud|x-ms|x-tunnel|ngrok|x-ngrok|tailscale)-.*)$',
)

/**
 * Whether nothing in a request shows a proxy or another machine. It cannot detect every proxy: one
 * that speaks HTTP/1.1, adds no header and rewrites `Host` looks like a program of this machine.
 * HTTP/1.0 counts as proxied, because nginx before 1.29.7 sends it by default and current clients
 * do not.
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
