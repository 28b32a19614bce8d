import ipaddr from 'ipaddr.js'

/**
 * Forms of addresses that some balancers write into X-Forwarded-For: `203.0.113.9:49152`,
 * `[2001:db8::7]`, `[2001:db8::7]:49152`.
 */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5})$/

/**
 * Returns an IP address without port, brackets and zone, and IPv4 mapped into IPv6 as IPv4. Returns
 * `undefined` for other text.
 */
export function normalizeAddress(text: string): string | undefined {
  const trimmed = text.trim()
  const [, bracketed, v4 = trimmed] = WITH_PORT.exec(trimmed) ?? []
  const address = bracketed ?? v4
  // Short forms such as `127.1` or `0x7f000001` are ambiguous.
  const isPlain = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address)
  return isPlain
    ? ipaddr.fromByteArray(ipaddr.process(address).toByteArray()).toString()
    : undefined
}
