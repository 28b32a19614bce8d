import type { RefusedRefreshLimit } from '../../ports/refresh.ts'
import type { Metrics } from '../../ports/telemetry.ts'

/** Returns the refusal when the limit of the key is reached. */
export type LimitRefused = (
  key: string,
) => Promise<{ outcome: 'rate_limited'; retryAfterSeconds: number } | undefined>

/**
 * Counts a refused credential under `key`, such as the address block that sent it. Never call it for
 * a refresh token that is authentic. `limiter` names the limit in the metrics.
 */
export function createLimitRefused({
  limiter = 'refused_refresh',
  limit,
  metrics,
}: {
  limiter?: Parameters<Metrics['rateLimited']>[0]
  limit: RefusedRefreshLimit
  metrics: Metrics
}): LimitRefused {
  return async (key) => {
    const taken = await limit.take(key)
    if (taken.allowed) return undefined
    metrics.rateLimited(limiter)
    return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
  }
}

/** Counts an authentic but dead token against its session and the caller's address block. */
export type LimitEnded = (session: { sessionId: string; block: string }) => ReturnType<LimitRefused>

/**
 * Limits tokens of ended sessions: they can be presented without end, and every check costs us
 * more than the attacker.
 */
export function createLimitEnded({
  limit,
  metrics,
}: {
  limit: RefusedRefreshLimit
  metrics: Metrics
}): LimitEnded {
  const limitRefused = createLimitRefused({ limit, metrics })
  return ({ sessionId, block }) => limitRefused(`${sessionId} ${block}`)
}
