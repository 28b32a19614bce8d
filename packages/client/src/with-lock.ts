import { pause, within } from './pause.ts'

const WAIT_MS = 5000
const HOLD_MS = 15_000
/**
 * What a tab writes reaches another one later than the lock does: in Chromium one in seven then
 * still reads the pair from before.
 */
const SPREAD_MS = 50

/**
 * Lets the tabs take turns, to save work; what is right does not depend on it, because the server
 * answers racers with the same successor. So it is never waited for long, never stolen, and given
 * back in any case: browsers freeze tabs that hold one.
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
    // Not granted in time, or not allowed here: it goes without. What fails is the caller's.
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
