/**
 * Runs `job` at once and then again `intervalMs` after each end, so that runs never overlap. A
 * fault is reported, and the next run comes all the same. `stop` tells a run under way by its
 * signal and waits for it.
 */
export function repeat({
  job,
  intervalMs,
  onError,
}: {
  job: (signal: AbortSignal) => Promise<void>
  intervalMs: number
  onError: (error: unknown) => void
}): { stop(): Promise<void> } {
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let running = run()

  async function run(): Promise<void> {
    try {
      await job(stopping.signal)
    } catch (error) {
      onError(error)
    }
    if (!stopping.signal.aborted)
      timer = setTimeout(() => {
        running = run()
      }, intervalMs)
  }

  return {
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await running
    },
  }
}
