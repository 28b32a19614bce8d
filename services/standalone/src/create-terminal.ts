import { createLogger } from '@auto-refresh/service-kit/telemetry'
import { explainFault } from './explain-fault.ts'

/**
 * Creates the output of a start: a person reads it until the banner is shown. After that, what ends
 * the process goes to the log.
 */
export function createTerminal() {
  let isRunning = false
  // A closed terminal accepts no output. Without a listener the first line would end the process
  // before it has stopped the database.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

  return {
    info: (message: string) => process.stdout.write(`${message}\n`),
    /** Says in one sentence why the start failed. */
    explain: (error: unknown) => process.stderr.write(`${explainFault(error)}\n`),
    fatal(fields: object, message: string) {
      if (isRunning) createLogger({ service: 'standalone', level: 'info' }).fatal(fields, message)
    },
    showBanner(banner: string) {
      isRunning = true
      process.stdout.write(banner)
    },
  }
}
