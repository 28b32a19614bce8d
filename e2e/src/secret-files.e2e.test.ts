import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REPOSITORY } from './harness/start-standalone.ts'

const paths = globSync('services/*/src/*.ts', { cwd: REPOSITORY }).toSorted()
const texts = await Promise.all(paths.map((path) => readFile(join(REPOSITORY, path), 'utf8')))
/** Everything that starts with settings: the services and the operation steps. */
const entries = paths.filter((_, i) => texts[i]?.includes('addSecretFiles(process.env)'))
/** Where the first word is a command. */
const ARGUMENTS: Record<string, readonly string[]> = {
  'services/standalone/src/user.ts': ['list'],
  'services/standalone/src/keys.ts': ['list'],
}

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
  const args = [join(REPOSITORY, entry), ...(ARGUMENTS[entry] ?? [])]
  const options = { cwd: dir, env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 120_000 }
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? undefined), output: stdout + stderr })
    })
  })
}

test('every process that has settings is started here', () => {
  expect(entries.length).toBe(15)
})

test.each(entries)(
  '%s takes its settings from secret files, and a wrong one ends it with 78 and no value',
  async (entry) => {
    const { code, output } = await run(entry, { SECRETS_DIR: dir })
    expect([code, output]).toEqual([
      78,
      expect.stringMatching(/(DATABASE_URL|KAFKA_BROKERS) (is not valid|has an entry)/),
    ])
    expect(output).not.toContain('hunter2')
  },
)

test.each(entries)(
  '%s ends with 78 and names the folder of secrets that does not exist',
  async (entry) => {
    const missing = join(dir, 'none')
    const { code, output } = await run(entry, { SECRETS_DIR: missing })
    expect([code, output]).toEqual([
      78,
      expect.stringContaining(`SECRETS_DIR (${missing}) cannot be read (ENOENT)`),
    ])
  },
)
