import { ConfigError } from '@auto-refresh/contracts'

type Process = {
  exit(code: number): void
  on(event: string, listener: (value: unknown) => void): unknown
}
type Logger = { info(message: string): void; fatal(fields: object, message: string): void }

/** EX_CONFIG of sysexits.h: a restart does not help. */
export const EXIT_CONFIG = 78
/**
 * SIGHUP comes from a closed terminal, SIGQUIT from Ctrl-\: child processes, such as a database,
 * must be stopped too.
 */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']
/** npm and the terminal both deliver one Ctrl-C. */
const SAME_SIGNAL_MS = 1000

/**
 * Runs a service as a process. `start` resolves to the function that stops it.
 *
 * - A signal of `STOP_SIGNALS` stops the service (exit code 0). During the start it aborts `signal`;
 *   `start` cleans up and throws the reason of the signal.
 * - A second signal more than a second later exits at once (1).
 * - Invalid settings exit with 78, every other error with 1: a process in an unknown state must not
 *   continue.
 *
 * The package close-with-grace does not fit: it stops in order after an error, and the Ctrl-C that
 * npm delivers twice would kill the process.
 */
export async function runMain({
  process,
  logger,
  nowMs,
  start,
}: {
  process: Process
  logger: Logger
  nowMs: () => number
  start: (signal: AbortSignal) => Promise<() => Promise<void>>
}): Promise<void> {
  const fail = (error: unknown) => {
    if (error instanceof ConfigError) logger.fatal({ faults: error.faults }, 'Settings are invalid')
    else logger.fatal({ err: error }, 'Process exits after an unexpected error')
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1)
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)

  const starting = new AbortController()
  let stop: (() => Promise<void>) | undefined
  let stoppingSinceMs: number | undefined
  const onSignal = () => {
    if (stoppingSinceMs !== undefined) {
      if (nowMs() - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    stoppingSinceMs = nowMs()
    logger.info('Stopping')
    if (stop === undefined) starting.abort()
    else void stop().then(() => process.exit(0), fail)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal)

  try {
    stop = await start(starting.signal)
    if (stoppingSinceMs !== undefined) await stop().then(() => process.exit(0))
  } catch (error) {
    if (starting.signal.aborted && error === starting.signal.reason) process.exit(0)
    else fail(error)
  }
}
