import ipaddr from 'ipaddr.js'

/**
 * What counts as one caller: an IPv4 address, or the /64 of an IPv6 one, because whoever has one address of it has all.
 * In the notation of `cidr`; `undefined` when it is no address.
 */
export function toAddressBlock(address: string): string | undefined {
  const bytes = toBytes(address)
  if (bytes === undefined) return undefined
  return bytes.length === 4 ? `${print(bytes)}/32` : `${print([...bytes.slice(0, 8), ...Array.from({ length: 8 }, () => 0)])}/64`
}

/** In the notation of `inet`: IPv4 that came mapped into IPv6 as IPv4, and no zone. */
export function toBareAddress(address: string): string | undefined {
  const bytes = toBytes(address)
  return bytes === undefined ? undefined : print(bytes)
}

function toBytes(address: string): number[] | undefined {
  return ipaddr.isValid(address) ? ipaddr.process(address).toByteArray() : undefined
}

function print(bytes: number[]): string {
  return ipaddr.fromByteArray(bytes).toString()
}
