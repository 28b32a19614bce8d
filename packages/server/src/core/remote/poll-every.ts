type Polling = Readonly<{ start(): void; stop(): Promise<void> }>

/**
 * Runs `poll` at once, then again `everyMs` after it has finished, or `againMs()` after it has
 * failed. `stop` waits for a running poll. The timer does not keep the process alive.
 */
export function pollEvery({
  poll,
  onError,
  everyMs,
  againMs = () => everyMs,
}: {
  poll: () => Promise<void>
  onError: (error: unknown) => void
  everyMs: number
  againMs?: () => number
}): Polling {
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()
  let stopped = false

  async function turn(): Promise<void> {
    let nextMs = everyMs
    try {
      await poll()
    } catch (error) {
      nextMs = againMs()
      try {
        onError(error)
      } catch {
        // A logger that throws must not end the polling, or the process.
      }
    }
    if (!stopped) timer = setTimeout(() => (running = turn()), nextMs).unref()
  }

  return {
    start: () => void (running = turn()),
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
