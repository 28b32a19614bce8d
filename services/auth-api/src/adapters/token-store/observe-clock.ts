import type { TokenStore } from '@auto-refresh/contracts'
import type { SharedClock } from '@auto-refresh/server/core'

/** Sets `clock` by every response about revocations (each half second), which carries the time. */
export function observeClock(
  tokenStore: TokenStore,
  clock: Pick<SharedClock, 'observe'>,
  elapsedMs: () => number,
): TokenStore {
  return {
    ...tokenStore,
    async revocations(request) {
      const sentAtMs = elapsedMs()
      const answer = await tokenStore.revocations(request)
      clock.observe({ serverMs: answer.nowMs, sentAtMs, heardAtMs: elapsedMs() })
      return answer
    },
  }
}
