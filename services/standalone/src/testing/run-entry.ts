import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { stopWithParent } from '@auto-refresh/test-engines'

export type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

function spawnEntry(entry: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
  const env = { PATH: process.env['PATH'], ADMIN_PORT: '0', PORT: '0', ...environment }
  const path = join(import.meta.dirname, '..', entry)
  const child = spawn(process.execPath, [path, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  stopWithParent(child)
  return child
}

/** Runs an entry file until it exits. */
export async function runEntry(
  entry: string,
  {
    args = [],
    environment,
    input = '',
  }: { args?: readonly string[]; environment: NodeJS.ProcessEnv; input?: string },
): Promise<Ended> {
  const child = spawnEntry(entry, args, environment)
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode ?? once(child, 'close'),
  ])
  return { code: child.exitCode, stdout, stderr }
}

export type Running = Readonly<{
  child: ChildProcess
  url: string
  output: () => string
  end: (signal: NodeJS.Signals) => Promise<number | null>
}>

/** Runs `npm start` on free ports until it prints its banner. */
export async function startMain(environment: NodeJS.ProcessEnv): Promise<Running> {
  const child = spawnEntry('main.ts', [], environment)
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${output}`)))
    const listen = (chunk: Buffer) => {
      output += chunk.toString()
      const found = /^ +API +(\S+)$[^]*Ctrl-C/m.exec(output)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
  })
  return {
    child,
    url,
    output: () => output,
    async end(signal) {
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
      return child.exitCode
    },
  }
}
