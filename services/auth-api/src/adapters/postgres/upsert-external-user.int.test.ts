import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ExternalUser, User } from '../../ports/users.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { createPostgresUsers } from './create-postgres-users.ts'
import { readRoleChanges } from './role-change-rows.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let users: ReturnType<typeof createPostgresUsers>
const onChanged = vi.fn<(id: string) => void>()
beforeAll(async () => {
  database = await openTestDatabase()
  users = createPostgresUsers({ pool: database.pool, onChanged })
})
afterAll(() => database.close())

const PROTECTED = ['admin', 'auditor']
const BY = { protectedRoles: PROTECTED, actor: 'key:shop' }
async function upsert(user: ExternalUser, protectedRoles = PROTECTED) {
  const stored = await users.upsertExternal(user, { protectedRoles, actor: 'key:shop' })
  if (stored.outcome !== 'stored') throw new Error(stored.outcome)
  return stored
}
const countOf = async (externalId: string) =>
  (await database.pool.query('select from auth_api.users where external_id = $1', [externalId]))
    .rowCount
const versionOf = async ({ id }: User) =>
  (
    await database.pool.query<{ xmin: string }>(
      'select xmin::text from auth_api.users where id = $1',
      [id],
    )
  ).rows[0]?.xmin

const actsOf = async ({ id }: User) =>
  (
    await database.pool.query<{ actor: string; act: string; details: object }>(
      'select actor, act, details from auth_api.admin_acts where user_id = $1 order by id',
      [id],
    )
  ).rows.map(({ actor, act, details }) => [actor, act, details])

test('twenty simultaneous first sign-ins of one external id are one user', async () => {
  const stored = await Promise.all(
    Array.from({ length: 20 }, () => upsert({ externalId: 'race', username: 'Racer' })),
  )
  expect(new Set(stored.map(({ user }) => user.id)).size).toBe(1)
  expect(stored.filter(({ change }) => change === 'created')).toHaveLength(1)
  expect(await countOf('race')).toBe(1)
  for (const { user } of stored.slice(0, 1))
    expect(await actsOf(user)).toEqual([['key:shop', 'user_added', { role: 'user' }]])
})

test('an external user is nobody of the same name: neither a local user nor another external one', async () => {
  const local = await users.add({
    username: 'admin',
    role: 'admin',
    passwordHash: 'hash',
    demo: false,
  })
  const [one, other] = [
    await upsert({ externalId: 'idp-a|1', username: 'admin' }),
    await upsert({ externalId: 'idp-b|1', username: 'admin' }),
  ]
  expect(new Set([local?.id, one.user.id, other.user.id]).size).toBe(3)
  expect(one.user).toEqual({
    id: one.user.id,
    username: 'admin',
    role: 'user',
    active: true,
    version: 1,
    demo: false,
    externalId: 'idp-a|1',
    claims: {},
  })
  // Found by name is only the local user, so only that one can sign in with a password.
  expect(await users.findByName('admin')).toEqual(local)
  // The name is free for a local user although an external one has it.
  await upsert({ externalId: 'idp-a|2', username: 'berta' })
  expect(
    await users.add({ username: 'berta', role: 'user', passwordHash: 'x', demo: false }),
  ).toMatchObject({ username: 'berta' })
})

test('an external id is exact, and is the name of a user without one', async () => {
  const ids = ['exact', 'Exact', 'exact ', 'éxact', 'e\u0301xact', "'; drop table auth_api.users"]
  const stored = await Promise.all(ids.map((externalId) => upsert({ externalId })))
  expect(new Set(stored.map(({ user }) => user.id)).size).toBe(ids.length)
  expect(stored.map(({ user }) => user.username)).toEqual(ids)
  expect((await upsert({ externalId: 'x'.repeat(255) })).user.username).toBe('x'.repeat(128))
})

test('what is given replaces what is stored; what is not given stays', async () => {
  const externalId = 'changing'
  const claims = { tenant: 't1', seats: 3, teams: ['a'], deep: { plan: null } }
  await upsert({ externalId, username: 'Old', role: 'editor', claims })
  onChanged.mockClear()
  const kept = await upsert({ externalId })
  expect(kept).toMatchObject({ user: { username: 'Old', role: 'editor', claims } })
  expect(kept).not.toHaveProperty('change')
  const changed = await upsert({ externalId, username: 'New', claims: { tenant: 't2' } })
  expect(changed).toMatchObject({
    change: 'changed',
    user: { id: kept.user.id, username: 'New', role: 'editor', claims: { tenant: 't2' } },
  })
  expect((await upsert({ externalId, claims: {} })).user.claims).toEqual({})
  expect(onChanged.mock.calls).toEqual([[kept.user.id], [kept.user.id]])
})

test('a sign-in that changes nothing writes nothing', async () => {
  const user = { externalId: 'same', username: 'Same', role: 'user', claims: { b: 1, a: [2] } }
  const first = await upsert(user)
  const before = await versionOf(first.user)
  await upsert({ ...user, claims: { a: [2], b: 1 } })
  expect(await versionOf(first.user)).toBe(before)
})

test('a changed role is recorded once, with its actor, so that older access tokens are due; the same role is not', async () => {
  const externalId = 'promoted'
  const { user } = await upsert({ externalId, role: 'user' })
  const recorded = async () =>
    (await readRoleChanges(database.pool)).filter(({ userId }) => userId === user.id)
  await upsert({ externalId, role: 'user', username: 'Other' })
  expect(await recorded()).toEqual([])
  await Promise.all(Array.from({ length: 10 }, () => upsert({ externalId, role: 'editor' })))
  expect(await recorded()).toMatchObject([{ role: 'editor' }])
  expect((await actsOf(user)).slice(1)).toEqual([
    ['key:shop', 'user_changed', { username: 'set' }],
    ['key:shop', 'user_changed', { role: { from: 'user', to: 'editor' } }],
  ])
})

test('the creation and each change are recorded with the actor and without personal data', async () => {
  const externalId = 'recorded'
  const first = { externalId, username: 'Rhea', role: 'editor', claims: { tenant: 't1' } }
  const { user } = await upsert(first)
  await upsert(first)
  await upsert({ externalId, claims: { tenant: 't2' } })
  await upsert({ externalId, username: 'Rhea B.' })
  await upsert({ externalId, username: 'Rhea', role: 'user', claims: {} })
  const all = { username: 'set', role: { from: 'editor', to: 'user' }, claims: 'set' }
  expect(await actsOf(user)).toEqual([
    ['key:shop', 'user_added', { role: 'editor' }],
    ['key:shop', 'user_changed', { claims: 'set' }],
    ['key:shop', 'user_changed', { username: 'set' }],
    ['key:shop', 'user_changed', all],
  ])
})

test('of simultaneous sign-ins with different roles, the last to commit is recorded', async () => {
  const externalId = 'contested'
  const { user } = await upsert({ externalId })
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => upsert({ externalId, role: `role-${index}` })),
  )
  const [now] = await users.findByIds([user.id])
  const change = (await readRoleChanges(database.pool)).find(({ userId }) => userId === user.id)
  expect(change?.role).toBe(now?.role)
})

test('a user whose role is protected is neither changed nor returned', async () => {
  const externalId = 'chief'
  const { user } = await upsert({ externalId, role: 'admin' }, [])
  for (const change of [{}, { role: 'user' }, { username: 'x' }, { claims: { a: 1 } }])
    expect(await users.upsertExternal({ externalId, ...change }, BY)).toEqual({
      outcome: 'role_protected',
    })
  expect(await users.findByIds([user.id])).toEqual([user])
})

test('the name of a user who also has a login name stays', async () => {
  const local = await users.add({
    username: 'Clara',
    role: 'user',
    passwordHash: 'hash',
    demo: false,
  })
  await database.pool.query("update auth_api.users set external_id = 'clara' where id = $1", [
    local?.id,
  ])
  expect(await upsert({ externalId: 'clara', username: 'root', role: 'editor' })).toMatchObject({
    user: { id: local?.id, username: 'Clara', role: 'editor', passwordHash: 'hash' },
  })
})
