import { ConfigError } from '@auto-refresh/contracts'

type Process = {
  exit(code: number): void
  on(event: string, listener: (value: unknown) => void): unknown
}
type Logger = { info(message: string): void; fatal(fields: object, message: string): void }

/** sysexits.h EX_CONFIG: no restart will help. */
export const EXIT_CONFIG = 78
/**
 * SIGHUP is a closed terminal, SIGQUIT its Ctrl-\: what was started, such as a database, must not
 * be left running.
 */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']
/** npm and the terminal both deliver one Ctrl-C. */
const SAME_SIGNAL_MS = 1000

/**
 * Runs a service as a process. `start` resolves with the function that stops it. A signal of
 * `STOP_SIGNALS` stops it (0); one that comes during the start aborts `signal`, whose reason
 * `start` may throw when it has cleaned up. A second one more than a second later ends it at once
 * (1). Wrong settings exit with 78, every other fault with 1: a process in an unknown state never
 * goes on. Not close-with-grace: a fault would stop in order, and the Ctrl-C that npm delivers twice
 * would kill.
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
