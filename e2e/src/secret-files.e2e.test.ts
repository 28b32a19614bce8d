import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REPOSITORY } from './harness/start-standalone.ts'

const paths = globSync('services/*/src/**/*.ts', { cwd: REPOSITORY }).toSorted()
const texts = await Promise.all(paths.map((path) => readFile(join(REPOSITORY, path), 'utf8')))
const CLI = 'services/standalone/src/operations/cli.ts'
/** Every entry file that reads settings: the services, their migrations and the CLI. */
const STARTS = /addSecretFiles\(process\.env\)|^await (runService|runMigrations)\(/m
const files = paths.filter((_, i) => STARTS.test(texts[i] ?? ''))
/** The command lines that are run: the CLI once for each command that has settings. */
const entries = [
  ...files.filter((file) => file !== CLI),
  ...[
    'user list',
    'session show 00000000-0000-4000-8000-000000000000',
    'keys list',
    'migrate',
    'topics',
    'events:tail',
    'recover',
    'sweep',
  ].map((command) => `${CLI} ${command}`),
]

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'secrets-'))
  await writeFile(join(dir, 'DATABASE_URL'), 'mysql://root:hunter2@db\n')
  await writeFile(join(dir, 'KAFKA_BROKERS'), 'hunter2\n')
})
afterAll(() => rm(dir, { recursive: true }))

function run(
  entry: string,
  env: Record<string, string>,
): Promise<{ code: number | string | undefined; output: string }> {
  const [file = '', ...words] = entry.split(' ')
  const args = [join(REPOSITORY, file), ...words]
  const options = { cwd: dir, env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 120_000 }
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? undefined), output: stdout + stderr })
    })
  })
}

test('every process that has settings is listed here', async () => {
  expect(entries.length).toBe(16)
  const { output } = await run(`${CLI} --help`, {})
  const commands = [...(output.split('Commands:')[1] ?? '').matchAll(/^  (\S+)/gm)].map(
    ([, name]) => name,
  )
  const started = entries.flatMap((entry) => (entry.startsWith(CLI) ? [entry.split(' ')[1]] : []))
  // The drill is a client and has no settings.
  expect(new Set(commands)).toEqual(new Set([...started, 'drill']))
})

test.each(entries)(
  '%s reads its settings from secret files, and a wrong one ends it with 78 and without its value',
  async (entry) => {
    const { code, output } = await run(entry, { SECRETS_DIR: dir })
    expect([code, output]).toEqual([
      78,
      expect.stringMatching(/(DATABASE_URL|KAFKA_BROKERS) (is not valid|has an entry)/),
    ])
    expect(output).not.toContain('hunter2')
  },
)

test.each(entries)('%s ends with 78 and names the missing secrets folder', async (entry) => {
  const missing = join(dir, 'none')
  const { code, output } = await run(entry, { SECRETS_DIR: missing })
  expect([code, output]).toEqual([
    78,
    expect.stringContaining(`SECRETS_DIR (${missing}) cannot be read (ENOENT)`),
  ])
})
