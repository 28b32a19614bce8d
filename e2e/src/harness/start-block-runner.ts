import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '@auto-refresh/test-engines'
import type { Block } from './read-blocks.ts'
import { REPOSITORY } from './start-standalone.ts'

const DONE = /\n<exit (\d+)>\n$/

/**
 * Runs the code blocks of a document one after the other, as a reader would: `http` is sent, `sh`
 * runs in one shell, `js` runs as a page that shares the localStorage of the earlier ones. `eyJ...`
 * and `art_...` stand for the last tokens seen; `names` lists further replacements. A program that
 * listens runs until `stop`.
 */
export function startBlockRunner({
  folder,
  origin,
  names,
  env,
}: {
  folder: string
  origin: string
  names: ReadonlyArray<readonly [shown: string, real: string]>
  env: Record<string, string>
}) {
  const processes: ChildProcess[] = []
  let access = 'eyJ...'
  let refresh = 'art_...'

  function start(command: string, args: readonly string[]) {
    const child = spawn(command, args, { cwd: REPOSITORY, env, stdio: 'pipe' })
    processes.push(child)
    const read = { child, output: '', errors: '' }
    child.stdout.on('data', (chunk: Buffer) => (read.output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (read.errors += chunk.toString()))
    return read
  }
  const shell = start('bash', ['--noprofile', '--norc'])

  async function send(code: string): Promise<string> {
    const [head = '', body] = code.trimEnd().split('\n\n')
    const [request = '', ...lines] = head.split('\n')
    const [method = '', path = ''] = request.split(' ')
    const headers = lines.map((line) => line.split(': ') as [string, string])
    return (
      await fetch(`${origin}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    ).text()
  }
  async function type(code: string): Promise<string> {
    const file = join(folder, 'block.sh')
    await writeFile(file, code)
    shell.output = shell.errors = ''
    shell.child.stdin.write(`. '${file}' </dev/null; printf '\\n<exit %s>\\n' $?\n`)
    await eventually(() => DONE.test(shell.output), 90_000)
    const [end, status] = DONE.exec(shell.output) ?? []
    if (status !== '0') throw new Error(`exit ${status}: ${shell.errors}${shell.output}`)
    return shell.output.slice(0, -(end ?? '').length)
  }
  async function runModule(code: string): Promise<string> {
    const page = start(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--experimental-webstorage',
      `--localstorage-file=${join(folder, 'localStorage')}`,
      '--input-type=module',
    ])
    page.child.stdin.end(code)
    const listens = code.includes('.listen(')
    await (listens
      ? eventually(() => page.output !== '' || page.child.exitCode !== null, 90_000)
      : once(page.child, 'close'))
    if (page.child.exitCode !== (listens ? null : 0))
      throw new Error(`exit ${page.child.exitCode}: ${page.errors}${page.output}`)
    return page.output
  }
  const ways: Record<string, (code: string) => Promise<string>> = {
    http: send,
    sh: type,
    js: runModule,
  }

  return {
    /** Returns the response or the output of a block. */
    async run({ language, code }: Block): Promise<string> {
      const way = ways[language]
      if (way === undefined) throw new Error(`Unknown language: ${language}`)
      const real = names
        .reduce((text, [shown, name]) => text.replaceAll(shown, name), code)
        .replaceAll('eyJ...', access)
        .replaceAll('art_...', refresh)
      let output = await way(real)
      // Retries a 503, as the documents say.
      for (let tries = 0; tries < 10 && output.includes('"code":"unavailable"'); tries += 1)
        output = await way(real)
      output = output.replaceAll('\r', '')
      access = output.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)?.at(-1) ?? access
      refresh = output.match(/art_[\w-]{102}/g)?.at(-1) ?? refresh
      return output
    },
    /** The last refresh token seen. */
    refreshToken: () => refresh,
    stop() {
      for (const child of processes) child.kill()
    },
  }
}
