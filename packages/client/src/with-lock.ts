import { pause, within } from './pause.ts'

const WAIT_MS = 5000
const HOLD_MS = 15_000
/**
 * A tab's write reaches other tabs later than the lock: in Chromium one in seven would still read
 * the previous pair.
 */
const SPREAD_MS = 50

/**
 * Lets tabs take turns, to save requests. Correctness does not depend on it, because the server
 * returns the same successor to concurrent refreshes. So the wait is short, a lock is never stolen,
 * and it is always released: browsers freeze tabs that hold one.
 */
export async function withLock<T>(name: string | false, run: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks
  if (name === false || !locks) return run()
  return new Promise((resolve) => {
    const wait = new AbortController()
    const timer = setTimeout(() => wait.abort(), WAIT_MS)
    let running: Promise<T> | undefined
    const go = () => {
      clearTimeout(timer)
      resolve((running ??= run()))
      return running
    }
    // Not granted in time, or locks are not allowed here: run without the lock. Errors of `run` go
    // to the caller.
    locks
      .request(name, { signal: wait.signal }, () =>
        within(
          go().finally(() => pause(SPREAD_MS)),
          HOLD_MS,
        ),
      )
      .catch(go)
      .catch(() => {})
  })
}
