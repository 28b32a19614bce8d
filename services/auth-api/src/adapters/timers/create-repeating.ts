import type { CreateRepeating } from '../../ports/runtime.ts'

/**
 * Runs `run` again and again, `everyMs` after the end of the run before, never twice at once. A
 * fault does not end it; the first of several in a row is told to `onError`. It keeps no process
 * alive.
 */
export const createRepeating: CreateRepeating = ({ everyMs, run, onError }) => {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = true
  let failing = false

  function schedule() {
    timer = setTimeout(() => {
      running = turn()
    }, everyMs).unref()
  }

  async function turn() {
    try {
      await run()
      failing = false
    } catch (error) {
      if (!failing) onError(error)
      failing = true
    }
    if (!stopped) schedule()
  }

  return {
    start() {
      if (!stopped) return
      stopped = false
      schedule()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
