import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AUTH_API_MIGRATIONS } from '@auto-refresh/auth-api'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { createPool, migrate } from '@auto-refresh/service-kit/postgres'
import { TOKEN_STORE_MIGRATIONS } from '@auto-refresh/token-store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepKeys as keepKeysOf } from './generated-keys.ts'

let dataDir: string
let database: Awaited<ReturnType<typeof createTestDatabase>>
beforeEach(async () => {
  database = await createTestDatabase()
  for (const migrations of [TOKEN_STORE_MIGRATIONS, AUTH_API_MIGRATIONS])
    await migrate({ url: database.url, ...migrations, log: () => {} })
  dataDir = await mkdtemp(join(tmpdir(), 'keys-'))
})
afterEach(async () => {
  await database.drop()
  await rm(dataDir, { recursive: true })
})
const keepKeys = (folder: string) =>
  keepKeysOf({ dataDir: folder, environment: {}, databaseUrl: database.url })

test('keys are generated once for all processes that start together, and only their owner can read them', async () => {
  const [first, ...others] = await Promise.all([
    keepKeys(dataDir),
    keepKeys(dataDir),
    keepKeys(dataDir),
  ])
  expect([...others, await keepKeys(dataDir)]).toEqual([first, first, first])
  const folder = join(dataDir, 'keys')
  const names = await readdir(folder)
  expect(names.toSorted()).toEqual([
    'API_KEYS',
    'REFRESH_TOKEN_KEYS',
    'SIGNING_KEY_ENCRYPTION_KEYS',
    'USERNAME_HASH_KEY',
  ])
  for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
})

test('two data directories have different keys', async () => {
  const one = Object.values(await keepKeys(join(dataDir, 'a')))
  const two = Object.values(await keepKeys(join(dataDir, 'b')))
  expect(new Set([...one, ...two]).size).toBe(8)
})

test('no new key is generated for a database that holds data made with the old one', async () => {
  const pool = createPool({ url: database.url, applicationName: 'test', max: 1, onError: () => {} })
  await pool.query(
    `insert into token_store.key_proofs (name, proof) values ('REFRESH_TOKEN_KEYS:1', '')`,
  )
  await pool.end()
  await expect(keepKeys(dataDir)).rejects.toThrow(
    /^1 setting is wrong:\n {2}REFRESH_TOKEN_KEYS is missing/,
  )
  expect(await readdir(dataDir)).toEqual([])
  const environment = { REFRESH_TOKEN_KEYS: 'given' }
  expect(
    Object.keys(await keepKeysOf({ dataDir, environment, databaseUrl: database.url })),
  ).toHaveLength(4)
})
