import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { freePort, REPOSITORY } from './start-standalone.ts'

export type CasesApi = Awaited<ReturnType<typeof startCasesApi>>

/** The process that `npm run example` runs, beside a standalone: it takes its keys from the same DATA_DIR. */
export async function startCasesApi({ dataDir, authApiUrl, env = {} }: { dataDir: string; authApiUrl: string; env?: Record<string, string> }) {
  const port = await freePort()
  const child = spawn(process.execPath, [join(REPOSITORY, 'examples/cases-api/src/main.ts')], {
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir, AUTH_API_URL: authApiUrl, PORT: String(port), ...env },
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  let ended = false
  const exited = new Promise<number | null>((resolve) => {
    child.on('exit', (code) => {
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
        if (ended) throw new Error(`cases-api ended:\n${output}`)
        return output.includes('is ready')
      }, 30_000)
    },
    async stop() {
      if (!ended) child.kill('SIGTERM')
      return exited
    },
  }
}
