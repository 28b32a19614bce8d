import type { RefusedRefreshLimit } from '../../ports/refresh.ts'
import type { Recorder } from '../../ports/telemetry.ts'

export type LimitRefused = (
  key: string,
) => Promise<{ outcome: 'rate_limited'; retryAfterSeconds: number } | undefined>

/**
 * Counts a refresh token that is not ours against its address block; never asked for a token whose
 * MAC is right.
 */
export function createLimitRefused({
  limit,
  recorder,
}: {
  limit: RefusedRefreshLimit
  recorder: Recorder
}): LimitRefused {
  return async (key) => {
    const taken = await limit.take(key)
    if (taken.allowed) return undefined
    recorder.rateLimited('refused_refresh')
    return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
  }
}

/** Counts a refusal of an authentic token against its session and the caller's address block. */
export type LimitEnded = (session: { sessionId: string; block: string }) => ReturnType<LimitRefused>

/**
 * A token of a session that has ended can be presented for ever: beyond the limit it costs an
 * attacker more than us.
 */
export function createLimitEnded({
  limit,
  recorder,
}: {
  limit: RefusedRefreshLimit
  recorder: Recorder
}): LimitEnded {
  const limitRefused = createLimitRefused({ limit, recorder })
  return ({ sessionId, block }) => limitRefused(`${sessionId} ${block}`)
}
