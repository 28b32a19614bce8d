import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ImportLine } from '../../domain/parse-import-line.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { createPostgresUserImports } from './create-postgres-user-imports.ts'

const HASH = '$2b$12$DmKJ3rC8Qktl7VmKDjv34uuLDDmyEH4jKAA6x7sR5VFE/BxD4S9O.'
const OTHER = HASH.replace('Dm', 'Em')
const actor = { kind: 'cli', name: 'test' } as const

let database: Awaited<ReturnType<typeof openTestDatabase>>
const changed: string[] = []
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  changed.length = 0
  await query('delete from auth_api.pending_revocations')
  await query('delete from auth_api.admin_acts')
  await query('delete from auth_api.users')
})

async function query(text: string): Promise<Record<string, unknown>[]> {
  return (await database.pool.query<Record<string, unknown>>(text)).rows
}
const store = (...lines: ImportLine[]) =>
  createPostgresUserImports({
    pool: database.pool,
    onChanged: (id) => void changed.push(id),
  }).store(lines, actor)
const outcomes = async (...lines: ImportLine[]) =>
  (await store(...lines)).map(({ outcome }) => outcome)
const users = () =>
  query(`select username, username_key, role, password_hash, external_id, claims, active,
    version::integer, password_version::integer from auth_api.users order by username`)

const ada = { username: 'Ada', role: 'editor', passwordHash: HASH, claims: { tenant: 't1' } }
const bob = { username: 'Bob', externalId: 'crm|7', active: false }

test('new users are stored as given, with an act each', async () => {
  const imported = {
    username: 'Cem',
    passwordHash: `$argon2id$v=19$m=8,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
  }
  expect(await outcomes(ada, bob, imported)).toEqual(['created', 'created', 'created'])
  const stored = {
    claims: {},
    role: 'user',
    active: true,
    version: 1,
    password_version: 0,
    external_id: null,
  }
  expect(await users()).toEqual([
    {
      ...stored,
      username: 'Ada',
      username_key: 'ada',
      role: 'editor',
      password_hash: HASH,
      claims: { tenant: 't1' },
    },
    {
      ...stored,
      username: 'Bob',
      username_key: null,
      password_hash: null,
      external_id: 'crm|7',
      active: false,
    },
    {
      ...stored,
      username: 'Cem',
      username_key: 'cem',
      // Not ours, which would be made of the NFKC form.
      password_hash: `argon2${imported.passwordHash}`,
    },
  ])
  expect(
    await query(`select actor, act, details from auth_api.admin_acts order by details::text`),
  ).toEqual([
    {
      actor: 'cli:test',
      act: 'user_imported',
      details: { created: true, role: 'editor', active: true },
    },
    {
      actor: 'cli:test',
      act: 'user_imported',
      details: { created: true, role: 'user', active: false },
    },
    {
      actor: 'cli:test',
      act: 'user_imported',
      details: { created: true, role: 'user', active: true },
    },
  ])
})

test('the same lines again change nothing, not even after the first sign-in', async () => {
  await store(ada, bob)
  await query(
    `update auth_api.users set password_hash = '$argon2id$rehashed' where username = 'Ada'`,
  )
  const before = await users()
  expect(await outcomes(ada, bob)).toEqual(['unchanged', 'unchanged'])
  expect(await users()).toEqual(before)
  expect(await query('select from auth_api.admin_acts')).toHaveLength(2)
  expect(changed).toEqual([])
})

test('a changed line changes the user, records the role, and ends sessions where it must', async () => {
  await store(ada, bob)
  const change = { ...ada, role: 'user', passwordHash: OTHER, claims: {} }
  expect(await outcomes(change, { ...bob, username: 'Bobby' })).toEqual(['changed', 'changed'])
  expect(changed).toHaveLength(2)
  expect(await users()).toMatchObject([
    {
      username: 'Ada',
      role: 'user',
      password_hash: OTHER,
      claims: {},
      version: 2,
      password_version: 1,
    },
    { username: 'Bobby', username_key: null, version: 1 },
  ])
  expect(await query('select role from auth_api.role_changes')).toEqual([{ role: 'user' }])
  expect(await outcomes({ username: 'ada', active: false })).toEqual(['changed'])
  expect(
    await query('select version::integer, reason from auth_api.pending_revocations order by 1'),
  ).toEqual([
    { version: 2, reason: 'password_changed' },
    { version: 3, reason: 'user_disabled' },
  ])
  expect(await store({ username: 'ada', active: true })).toMatchObject([
    { outcome: 'unchanged', keptDisabled: true },
  ])
  // A one-time token from before is void.
  expect(await users()).toMatchObject([{}, { active: false, password_version: 2 }])
})

test('a password that was set here is kept', async () => {
  await store(ada)
  await query(`update auth_api.users set password_hash = 'own', imported_hash = null`)
  expect(await store({ ...ada, passwordHash: OTHER })).toMatchObject([
    { outcome: 'unchanged', keptPassword: true },
  ])
  expect(await users()).toMatchObject([{ password_hash: 'own', version: 1 }])
})

test('a line about a name of another user is refused alone', async () => {
  await store(ada)
  expect(
    await outcomes({ ...bob, passwordHash: HASH, username: 'ADA' }, { username: 'cem' }),
  ).toEqual(['refused', 'created'])
})

test('concurrent imports of the same lines create each user once, and do not wait for each other forever', async () => {
  const lines = Array.from({ length: 50 }, (_, i) => ({ ...ada, username: `user ${i}` }))
  await Promise.all([store(...lines), store(...lines.toReversed()), store(...lines)])
  expect(await query('select from auth_api.users')).toHaveLength(50)
  const changes = lines.map((line) => ({ ...line, role: 'user' }))
  await Promise.all([store(...changes), store(...changes.toReversed())])
  expect(await query(`select from auth_api.users where role = 'user'`)).toHaveLength(50)
})

test('a failure in a batch stores nothing of it', async () => {
  await query(`alter table auth_api.admin_acts rename to renamed`)
  await expect(store(ada)).rejects.toMatchObject({ code: 'unavailable' })
  await query(`alter table auth_api.renamed rename to admin_acts`)
  expect(await users()).toEqual([])
})
