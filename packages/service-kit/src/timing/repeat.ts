export type Repeating = Readonly<{
  start(): void
  /** Aborts the signal of the current run, and resolves when that run has ended. */
  stop(): Promise<void>
}>

/**
 * Calls `run` repeatedly, `everyMs` after the end of the previous run, so runs never overlap. It
 * continues after errors, and does not keep the process alive.
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
  /** called with the first of several errors in a row */
  onError: (error: unknown) => void
  /** the first run begins at `start`, not `everyMs` later */
  isFirstAtOnce?: boolean
  /** calls `onError` with every error */
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
