import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export type BackEndTraits = Readonly<{
  /** It takes connections over that ask for an upgrade. */
  upgrade?: boolean
  /**
   * It waits for auth-api as long as in production. Others wait ten times as long, so that a busy
   * machine causes no second call.
   */
  impatient?: boolean
}>

export type BackEnd = Awaited<ReturnType<typeof startBackEnd>>

/**
 * Starts a back end of `../back-ends` in its own process. `stop` ends it and returns how it ended,
 * with everything that it wrote to the standard error.
 */
export async function startBackEnd({
  node,
  file,
  options,
  traits,
}: {
  /** the executable */
  node: string
  file: string
  /** of the adapter */
  options: object
  traits: BackEndTraits
}) {
  const child = spawn(node, [file], {
    env: { PATH: process.env['PATH'], BACK_END: JSON.stringify({ options, ...traits }) },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let written = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written += text))
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  const lines = createInterface(child.stdout)
  const first = await Promise.race([once(lines, 'line'), exited.then(() => [])])
  const [url] = first as [string?]
  if (url === undefined) throw new Error(`The back end did not start:\n${written}`)
  lines.on('line', (line) => (written += `${line}\n`))
  return {
    url,
    stop: async () => {
      child.stdin.end()
      const [code, signal] = await exited
      return { ended: code ?? signal, written }
    },
  }
}
