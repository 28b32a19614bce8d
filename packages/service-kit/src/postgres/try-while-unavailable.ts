import { isUnavailable } from './unavailable.ts'

const TRIES = 5
const PAUSE_MS = 500

/**
 * For what a start asks of the database, and may ask again: its deadlines are those of a request,
 * and a database or a machine that stands still for a moment must not end a process that nobody
 * starts a second time. Throws the last fault, another kind at once.
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
