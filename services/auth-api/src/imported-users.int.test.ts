import { randomUUID } from 'node:crypto'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { createMetrics } from '@auto-refresh/service-kit/telemetry'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildAuthCore } from './build-auth-core.ts'
import { parseAuthApiConfig } from './config.ts'
import { aLog, aSession, aTokenStore, context } from './testing/fakes.ts'
import foreignHashes from './testing/foreign-hashes.json' with { type: 'json' }
import { openTestDatabase } from './testing/open-test-database.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')
const closing = new AsyncDisposableStack()
const log = aLog()
let database: Awaited<ReturnType<typeof openTestDatabase>>
let core: ReturnType<typeof buildAuthCore>

beforeAll(async () => {
  database = await openTestDatabase()
  closing.defer(() => database.close())
  const tokenStore = aTokenStore()
  tokenStore.issue.mockImplementation(async ({ userId, userVersion }) => ({
    outcome: 'issued',
    token: 'art_0',
    session: {
      ...aSession({ id: randomUUID(), expiresAtMs: Date.now() + 86_400_000 }),
      userId,
      userVersion,
    },
  }))
  tokenStore.revocations.mockImplementation(async () => ({ nowMs: Date.now(), revocations: [] }))
  const bus = createInProcessBus()
  core = buildAuthCore({
    config: parseAuthApiConfig({
      DATABASE_URL: database.url,
      SIGNING_KEY_ENCRYPTION_KEYS: `k1:${key}`,
      USERNAME_HASH_KEY: key,
    }),
    tokenStore,
    publisher: bus,
    subscriber: bus,
    log,
    metrics: createMetrics({ service: 'auth-api', version: 'test' }),
  })
  closing.defer(() => core.stop())
  await core.start()
})
afterAll(() => closing.disposeAsync())

const signIn = async (username: string, password: string) =>
  (await core.signIn({ username, password, context })).outcome
const storedHashes = async () =>
  (
    await database.pool.query<{ username: string; password_hash: string }>(
      'select username, password_hash from auth_api.users order by username',
    )
  ).rows

test('imported users sign in with the password they have, and have an argon2id hash afterwards', async () => {
  const imported = foreignHashes
    .filter(({ kind }) => kind === 'ASCII')
    .map((one, i) => ({ ...one, username: `user ${i}` }))
  const summary = await core.importUsers({
    lines: (async function* () {
      for (const [i, { username, hash }] of imported.entries())
        yield { number: i + 1, text: JSON.stringify({ username, password_hash: hash }) }
    })(),
    actor: { kind: 'cli', name: 'test' },
    onRefused: (number, reason) => expect.fail(`${number}: ${reason}`),
  })
  expect(summary).toMatchObject({ lines: imported.length, created: imported.length, refused: 0 })
  for (const { username, password } of imported) {
    expect(await signIn(username, `${password}!`)).toBe('invalid_credentials')
    expect(await signIn(username, password)).toBe('signed_in')
    expect(await signIn(username, password)).toBe('signed_in')
  }
  for (const { password_hash: hash } of await storedHashes())
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
})

test('a hash that no password can match is a wrong password and one error line, never a 503', async () => {
  await database.pool.query(
    `insert into auth_api.users (username, username_key, role, password_hash)
     values ('Eva', 'eva', 'user', '$2b$31$DmKJ3rC8Qktl7VmKDjv34uuLDDmyEH4jKAA6x7sR5VFE/BxD4S9O.'),
       ('Fay', 'fay', 'user', null)`,
  )
  log.lines.length = 0
  expect(await signIn('eva', 'password')).toBe('invalid_credentials')
  expect(log.lines.filter((line) => line.includes('"level":"error"'))).toEqual([
    expect.stringContaining('Stored password hash cannot be verified'),
  ])
  log.lines.length = 0
  expect(await signIn('fay', 'password')).toBe('invalid_credentials')
  expect(log.lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
})
