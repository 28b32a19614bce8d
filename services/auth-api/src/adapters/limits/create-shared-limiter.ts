import type { Breaker } from '@auto-refresh/service-kit/redis'
import type { Limiter } from './create-bounded-limiter.ts'

/**
 * Creates a limiter that applies in this process and, while Redis is available, to all replicas.
 * While Redis is unavailable the local count continues. A local refusal never reaches Redis.
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
