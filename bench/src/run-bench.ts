import { constants } from 'node:os'

export type BenchTools = Readonly<{
  /** what is stopped and removed at the end, however it ends */
  running: AsyncDisposableStack
  /** progress, on standard error */
  say: (line: string) => void
  /** throws when the benchmark was interrupted or took too long */
  check: () => void
}>

/**
 * Runs a benchmark and exits: 0 after its end, 1 after a failure with one readable message, 128 + N
 * after signal N. A deadline and signals end it at once; whatever it started is stopped first.
 */
export async function runBench(
  { deadlineMinutes }: { deadlineMinutes: number },
  work: (tools: BenchTools) => Promise<void>,
): Promise<never> {
  const running = new AsyncDisposableStack()
  const ended = new AbortController()
  let code = 1
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      code = 128 + constants.signals[signal]
      ended.abort(new Error(`Interrupted by ${signal}`))
    })
  }
  const timer = setTimeout(
    () => ended.abort(new Error(`Not finished after ${deadlineMinutes} minutes`)),
    deadlineMinutes * 60_000,
  )
  const aborted = new Promise<never>((_, reject) => {
    ended.signal.addEventListener('abort', () => reject(ended.signal.reason as Error))
  })
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const working = work({ running, say, check: () => ended.signal.throwIfAborted() })
  // An aborted benchmark fails once more when its servers stop.
  working.catch(() => {})
  try {
    await Promise.race([working, aborted])
    code = 0
  } catch (error) {
    say(`The benchmark failed: ${toMessage(error)}`)
  }
  clearTimeout(timer)
  await running.disposeAsync().catch((error: unknown) => {
    say(`Cleaning up failed: ${toMessage(error)}`)
    code ||= 1
  })
  process.exit(code)
}

function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const text = error.message || error.name
  return error.cause === undefined ? text : `${text}\n  because: ${toMessage(error.cause)}`
}
