export type Repeating = Readonly<{
  start(): void
  /** Aborts the signal of the run under way, and resolves when that run has ended. */
  stop(): Promise<void>
}>

/**
 * Runs `run` again and again, `everyMs` after the end of the run before, so runs never overlap. A
 * fault does not end it. It keeps no process alive.
 */
export function repeat({
  everyMs,
  run,
  onError,
  isFirstAtOnce = false,
  isEachFaultReported = false,
}: {
  everyMs: number
  run: (signal: AbortSignal) => Promise<unknown>
  /** called with the first of several faults in a row */
  onError: (error: unknown) => void
  /** the first run begins at `start`, not `everyMs` later */
  isFirstAtOnce?: boolean
  /** calls `onError` with every fault */
  isEachFaultReported?: boolean
}): Repeating {
  let stopping: AbortController | undefined
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let isFailing = false

  function schedule(signal: AbortSignal): void {
    timer = setTimeout(() => {
      running = turn(signal)
    }, everyMs).unref()
  }

  async function turn(signal: AbortSignal): Promise<void> {
    try {
      await run(signal)
      isFailing = false
    } catch (error) {
      if (!isFailing || isEachFaultReported) onError(error)
      isFailing = true
    }
    if (!signal.aborted) schedule(signal)
  }

  return {
    start() {
      if (stopping !== undefined) return
      stopping = new AbortController()
      if (isFirstAtOnce) running = turn(stopping.signal)
      else schedule(stopping.signal)
    },
    async stop() {
      stopping?.abort()
      stopping = undefined
      clearTimeout(timer)
      await running
    },
  }
}
