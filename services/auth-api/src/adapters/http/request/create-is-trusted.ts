import { BlockList, isIPv4 } from 'node:net'
import { normalizeAddress } from './normalize-address.ts'

/**
 * Creates the function for Fastify's `trustProxy`: whether an address, with or without a port, is
 * that of a trusted proxy.
 */
export function createIsTrusted(
  blocks: readonly string[],
): (address: string | undefined) => boolean {
  const list = new BlockList()
  for (const block of blocks) {
    const [address = '', bits] = block.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    list.addSubnet(
      address,
      bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits),
      family,
    )
  }
  return (text = '') => {
    const address = normalizeAddress(text)
    return address !== undefined && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
  }
}
