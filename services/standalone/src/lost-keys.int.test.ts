import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runEntry, startMain, type Running } from './testing/run-entry.ts'

let folder: string
let database: Awaited<ReturnType<typeof createTestDatabase>>
let running: Running | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lost-keys-'))
  database = await createTestDatabase()
})
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await database.drop()
  await rm(folder, { recursive: true })
})

const settings = (name: string) => ({ DATA_DIR: join(folder, name), DATABASE_URL: database.url })
async function startAndStop(environment: Record<string, string>): Promise<void> {
  running = await startMain(environment)
  await running.end('SIGTERM')
}

test('with its keys lost and the database still there it ends with 78, names each key, and makes no new one', async () => {
  await startAndStop(settings('a'))
  const ended = await runEntry('main.ts', { environment: settings('b') })
  expect(ended.code).toBe(78)
  for (const name of ['REFRESH_TOKEN_KEYS', 'SIGNING_KEY_ENCRYPTION_KEYS', 'USERNAME_HASH_KEY']) {
    expect(ended.stderr).toContain(`${name} is missing, but the database holds data made with it`)
  }
  expect(await readdir(join(folder, 'b'))).toEqual([])
  expect(
    (await runEntry('operations/cli.ts', { args: ['keys', 'list'], environment: settings('b') }))
      .code,
  ).toBe(78)
  // Managing users needs no key: the operations container has none.
  expect(
    (await runEntry('operations/cli.ts', { args: ['user', 'list'], environment: settings('b') }))
      .code,
  ).toBe(0)
  expect(
    await runEntry('operations/cli.ts', {
      args: ['user', 'hash', 'ada'],
      environment: settings('b'),
    }),
  ).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('USERNAME_HASH_KEY is missing'),
  })
  const hash = await runEntry('operations/cli.ts', {
    args: ['user', 'hash', 'ada'],
    environment: settings('a'),
  })
  const again = await runEntry('operations/cli.ts', {
    args: ['user', 'hash', 'ADA'],
    environment: settings('a'),
  })
  expect([again.code, again.stdout]).toEqual([0, hash.stdout])

  await rm(join(folder, 'a', 'keys', 'REFRESH_TOKEN_KEYS'))
  const started = await runEntry('main.ts', { environment: settings('a') })
  expect([started.code, started.stderr]).toEqual([
    78,
    expect.stringContaining('1 setting is wrong'),
  ])
})

test('keys with other values end the process with 78 and are all reported', async () => {
  const key = () => randomBytes(32).toString('base64')
  const keys = () => ({
    REFRESH_TOKEN_KEYS: `1:${key()},7:${key()}`,
    SIGNING_KEY_ENCRYPTION_KEYS: `1:${key()}`,
    USERNAME_HASH_KEY: key(),
  })
  await startAndStop({ ...settings('a'), ...keys() })
  const ended = await runEntry('main.ts', { environment: { ...settings('a'), ...keys() } })
  expect(ended.code).toBe(78)
  for (const part of [
    '4 settings are wrong',
    'of kid 1 differs',
    'of kid 7 differs',
    'does not open the signing key',
    'USERNAME_HASH_KEY is not',
  ]) {
    expect(ended.stderr).toContain(part)
  }
  for (const [command, name] of [
    [['user', 'hash', 'ada'], 'USERNAME_HASH_KEY is not'],
    [['keys', 'retire', 'any'], 'does not open the signing key'],
  ] as const) {
    const other = await runEntry('operations/cli.ts', {
      args: [...command],
      environment: { ...settings('a'), ...keys() },
    })
    expect([other.code, other.stderr]).toEqual([78, expect.stringContaining(name)])
  }
})
