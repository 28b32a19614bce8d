import { isUnavailable } from './unavailable.ts'

const TRIES = 5
const PAUSE_MS = 500

/**
 * Runs `work` up to 5 times, 0.5 s apart, while the database is unavailable. For checks at start,
 * which must be safe to repeat: a short pause of the database must not end a process that nothing
 * restarts. Throws the last error, and any other kind of error at once.
 */
export async function tryWhileUnavailable<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isUnavailable(error) || tries === TRIES) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
