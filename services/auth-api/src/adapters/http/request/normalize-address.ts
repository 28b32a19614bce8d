import ipaddr from 'ipaddr.js'

/**
 * `203.0.113.9:49152`, `[2001:db8::7]`, `[2001:db8::7]:49152`: as some balancers write an address
 * into X-Forwarded-For.
 */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5})$/

/**
 * An IP address without port, brackets and zone; IPv4 that came mapped into IPv6 is IPv4. Returns
 * `undefined` for what is no address.
 */
export function normalizeAddress(text: string): string | undefined {
  const trimmed = text.trim()
  const [, bracketed, v4 = trimmed] = WITH_PORT.exec(trimmed) ?? []
  const address = bracketed ?? v4
  // shorthands such as `127.1` or `0x7f000001` are read in two ways
  const isPlain = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address)
  return isPlain
    ? ipaddr.fromByteArray(ipaddr.process(address).toByteArray()).toString()
    : undefined
}
