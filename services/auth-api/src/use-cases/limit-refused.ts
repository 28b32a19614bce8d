import type { Recorder, RefusedRefreshLimit } from '../ports.ts'

export type LimitRefused = (block: string) => Promise<{ outcome: 'rate_limited'; retryAfterSeconds: number } | undefined>

/** Counts a refresh token that is not ours against its address block; never asked for a token whose MAC is right. */
export function createLimitRefused({ limit, recorder }: { limit: RefusedRefreshLimit; recorder: Recorder }): LimitRefused {
  return async (block) => {
    const taken = await limit.take(block)
    if (taken.allowed) return undefined
    recorder.rateLimited('refused_refresh')
    return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
  }
}
