import { ConfigError, EXIT_CONFIG } from '@auto-refresh/service-kit/config'
import { explainFault } from './explain-fault.ts'

/**
 * How an operation step ends that could not be done: it says why, with 78 for wrong settings as the
 * services do, else 1.
 */
export function endWithFault(error: unknown): void {
  process.stderr.write(`${explainFault(error)}\n`)
  process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : 1
}
