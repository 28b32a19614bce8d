import type { RefusedRefreshLimit } from '../../ports/refresh.ts'
import type { Limiter } from './create-bounded-limiter.ts'

/** Refused refresh tokens by address block. */
export function createRefusedRefreshLimit({
  limiter,
}: {
  limiter: Pick<Limiter, 'take'>
}): RefusedRefreshLimit {
  return { take: (block) => limiter.take(block) }
}
