const WAIT_MS = 5000
const HOLD_MS = 15_000

/**
 * Lets the tabs take turns, to save work; what is right does not depend on it, because the server answers racers with the same
 * successor. So it is never waited for long, never stolen, and given back in any case: the browser freezes tabs that hold one.
 */
export async function withLock<T>(name: string | undefined, run: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks
  if (name === undefined || locks === undefined) return run()
  const wait = new AbortController()
  const waiting = setTimeout(() => wait.abort(), WAIT_MS)
  let running: Promise<T> | undefined
  try {
    await locks.request(name, { signal: wait.signal }, async () => {
      clearTimeout(waiting)
      running = run()
      let holding: ReturnType<typeof setTimeout> | undefined
      const longEnough = new Promise<void>((resolve) => (holding = setTimeout(resolve, HOLD_MS)))
      await Promise.race([running.then(() => {}, () => {}), longEnough])
      clearTimeout(holding)
    })
  } catch {
    // Not granted in time, or not allowed here: go without.
  } finally {
    clearTimeout(waiting)
  }
  return running ?? run()
}
