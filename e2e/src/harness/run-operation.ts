import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { REPOSITORY } from './start-standalone.ts'

const CLI = 'services/standalone/src/operations/cli.ts'

/**
 * Runs an operator command as a person would: `user` is `npm run user -- ...`, with the password on
 * standard input. `repository` is the folder of another release.
 */
export async function runOperation(
  name: 'user' | 'session' | 'keys' | 'recover' | 'events:tail' | 'drill' | 'migrate',
  {
    args = [],
    input = '',
    env,
    repository = REPOSITORY,
  }: {
    args?: readonly string[]
    input?: string
    env: Record<string, string>
    repository?: string
  },
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(repository, CLI), name, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  child.stdin.end(`${input}\n`)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, output }
}
