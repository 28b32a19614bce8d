import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs Maven non-interactively. Throws one sentence that says what is missing or what failed. */
export async function runMaven(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  try {
    await run('mvn', ['-q', '-B', ...args], { env: environment, timeout: 300_000 })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error('Maven (mvn) is not on the PATH', { cause: error })
    const output =
      error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    throw new Error(`Maven failed: ${output.trim().split('\n', 1)[0]}`, { cause: error })
  }
}
