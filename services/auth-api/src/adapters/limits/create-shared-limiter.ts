import type { Breaker } from '@auto-refresh/service-kit/redis'
import type { Limiter } from './create-bounded-limiter.ts'

/**
 * A limit that holds in this process and, as long as the shared counter answers, over all replicas.
 * Without it this process counts on from where it was; what is refused here does not bother the
 * others.
 */
export function createSharedLimiter({
  local,
  shared,
  breaker,
}: {
  local: Limiter
  shared: Limiter
  breaker: Pick<Breaker, 'ask'>
}): Limiter {
  return {
    async take(key) {
      const here = await local.take(key)
      if (!here.allowed) return here
      const everywhere = await breaker.ask(() => shared.take(key))
      if (everywhere === undefined || everywhere.allowed) return here
      await local.refund(key)
      return everywhere
    },
    async refund(key) {
      await local.refund(key)
      await breaker.ask(() => shared.refund(key))
    },
  }
}
