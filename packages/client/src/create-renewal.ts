import type { AuthError } from './auth-error.ts'
import type { Refresh } from './create-refresher.ts'
import type { SessionStore } from './session-store.ts'

/**
 * setTimeout fires at once for longer delays, so a token of 30 days would be refreshed in a loop.
 */
const MAX_DELAY_MS = 2 ** 31 - 1
/** Spreads the refreshes of many laptops that wake at the same minute. */
const WAKE_SPREAD_MS = 2000
/** Wait between two series of retries. */
const AGAIN_MS = 60_000

/**
 * Refreshes the pair before it is due, and checks again when the page wakes up, because timers do
 * not run while it sleeps. `start` may be called again, also after `stop`.
 */
export function createRenewal({ store, refresh }: { store: SessionStore; refresh: Refresh }) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let share = 0
  let closing: AbortController | undefined
  let close: (() => void) | undefined

  function arm(ms: number) {
    clearTimeout(timer)
    if (closing === undefined) return
    timer = setTimeout(() => void check(), Math.min(ms, MAX_DELAY_MS))
    // The timer must not keep a Node process alive.
    ;(timer as { unref?: () => void }).unref?.()
  }
  async function check() {
    await store.load()
    const waitMs = store.dueInMs(share)
    if (waitMs > 0) return arm(waitMs)
    try {
      await refresh()
    } catch (error) {
      if (store.current !== undefined)
        arm(((error as AuthError).retryAfterMs || AGAIN_MS) + Math.random() * AGAIN_MS)
    }
  }
  function wake() {
    if (store.dueInMs(share) === 0) arm(Math.random() * WAKE_SPREAD_MS)
  }

  function start(): void {
    if (closing !== undefined) return
    closing = new AbortController()
    close = store.open(() => {
      share = Math.random()
      arm(store.dueInMs(share))
    })
    globalThis.addEventListener?.('online', refresh.retryNow, closing)
    // visibilitychange bubbles from the document to the window.
    for (const event of ['online', 'focus', 'pageshow', 'visibilitychange'])
      globalThis.addEventListener?.(event, wake, closing)
  }
  function stop(): void {
    closing?.abort()
    closing = undefined
    close?.()
    clearTimeout(timer)
  }
  return { start, stop }
}
