import { ConfigError } from '@auto-refresh/contracts'
import { EXIT_CONFIG } from './run-main.ts'

type Process = {
  stderr: { write(text: string): unknown }
  exitCode?: number | string | null | undefined
}

/**
 * Runs a step, such as a migration, as a process. An error is one message on stderr and the exit
 * code 78 for invalid settings, else 1.
 */
export async function runStep(process: Process, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : 1
  }
}
