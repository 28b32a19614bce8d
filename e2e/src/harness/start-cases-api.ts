import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { eventually, findFreePort, stopWithParent } from '@auto-refresh/test-engines'
import { REPOSITORY } from './start-standalone.ts'

export type CasesApi = Awaited<ReturnType<typeof startCasesApi>>

/**
 * Sets a clock ahead that is not corrected, as with an auth-api that does not send its own: young
 * tokens look old.
 */
const toClockAhead = (minutes: number) => `
  const { now } = Date
  Date.now = () => now() + ${minutes * 60_000}
  const { get } = Headers.prototype
  Headers.prototype.get = function (name) { return name === 'x-clock-ms' ? null : get.call(this, name) }`

/**
 * Starts the process of `npm run example` beside a standalone, or that of another example; it reads
 * its keys from the same DATA_DIR.
 */
export async function startCasesApi({
  dataDir,
  authApiUrl,
  env = {},
  aheadMinutes = 0,
  example = 'cases-api',
}: {
  dataDir: string
  authApiUrl: string
  env?: Record<string, string>
  aheadMinutes?: number
  example?: 'cases-api' | 'express'
}) {
  const port = await findFreePort()
  const clock = aheadMinutes === 0 ? '' : toClockAhead(aheadMinutes)
  const child = spawn(
    process.execPath,
    [
      `--import=data:text/javascript,${encodeURIComponent(clock)}`,
      join(REPOSITORY, 'examples', example, 'src/main.ts'),
    ],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        DATA_DIR: dataDir,
        AUTH_API_URL: authApiUrl,
        PORT: String(port),
        ...env,
      },
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  stopWithParent(child)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  let ended = false
  const exited = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      ended = true
      resolve(code)
    })
  })

  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    exited,
    async listening() {
      await eventually(() => {
        if (ended) throw new Error(`${example} ended:\n${output}`)
        return output.includes('is ready')
      }, 90_000)
    },
    async stop() {
      if (!ended) child.kill('SIGTERM')
      return exited
    },
  }
}
