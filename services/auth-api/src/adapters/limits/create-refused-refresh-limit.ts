import type { RefusedRefreshLimit } from '../../ports.ts'
import type { Limiter } from './create-bounded-limiter.ts'
import { toAddressBlock } from './to-address-block.ts'

/** Refused refresh tokens by address; IPv6 by its /64. */
export function createRefusedRefreshLimit({ limiter }: { limiter: Pick<Limiter, 'take'> }): RefusedRefreshLimit {
  return { take: (address) => limiter.take(toAddressBlock(address) ?? 'unknown') }
}
