import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { readRoleChanges } from './role-change-rows.ts'
import { createPostgresUsers } from './create-postgres-users.ts'
import { oldestPendingSeconds } from './pending-revocations.ts'
import type { User } from '../../ports/users.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let users: ReturnType<typeof createPostgresUsers>
beforeAll(async () => {
  database = await openTestDatabase()
  users = createPostgresUsers({ pool: database.pool })
})
afterAll(() => database.close())

let count = 0
async function addUser(change: { username?: string } = {}): Promise<User> {
  const user = await users.add({
    username: `User ${count++}`,
    role: 'user',
    passwordHash: 'hash',
    demo: false,
    ...change,
  })
  if (user === undefined) throw new Error('The name is taken')
  return user
}
const stateOf = async (id: string) => (await users.findByIds([id]))[0]

test('a user is found by any spelling of the name, and no spelling can be added again', async () => {
  const ada = await addUser({ username: 'Ada' })
  expect(await users.findByName('ada')).toEqual(ada)
  expect(await users.findByName('Ada')).toBeUndefined()
  expect(
    await users.add({ username: 'ＡＤＡ', role: 'user', passwordHash: 'x', demo: false }),
  ).toBeUndefined()
  expect(ada).toEqual({
    id: ada.id,
    username: 'Ada',
    role: 'user',
    active: true,
    version: 1,
    demo: false,
    claims: {},
    passwordHash: 'hash',
  })
})

test('of twenty simultaneous additions of a name, one succeeds', async () => {
  const added = await Promise.all(
    Array.from({ length: 20 }, () =>
      users.add({ username: 'racer', role: 'user', passwordHash: 'x', demo: false }),
    ),
  )
  expect(added.filter((user) => user !== undefined)).toHaveLength(1)
})

test('many users are found in one statement; unknown ids are omitted', async () => {
  const [one, other] = [await addUser(), await addUser()]
  const found = await users.findByIds([one.id, other.id, '00000000-0000-4000-8000-000000000000'])
  expect(found.map(({ id }) => id).toSorted()).toEqual([one.id, other.id].toSorted())
})

test('role and password hash change; a hash is upgraded only if it is still the one that was checked', async () => {
  const { id } = await addUser()
  await users.setRole(id, 'admin')
  await users.upgradePasswordHash(id, { from: 'hash', to: 'stronger' })
  await users.upgradePasswordHash(id, { from: 'hash', to: 'late' })
  expect(await stateOf(id)).toMatchObject({ role: 'admin', passwordHash: 'stronger', version: 1 })
})

test('a changed or repeated role is recorded, for longer than any access token lives', async () => {
  const [{ id }, other] = [await addUser(), await addUser()]
  const recorded = async () =>
    (await readRoleChanges(database.pool)).filter(({ userId }) => [id, other.id].includes(userId))
  // This change was made by SQL.
  await users.setRole(id, 'user')
  expect(await recorded()).toMatchObject([{ userId: id, role: 'user' }])
  await users.setRole('00000000-0000-4000-8000-000000000000', 'admin')
  const startedMs = Date.now()
  await users.setRole(id, 'admin')
  const [first] = await recorded()
  expect(first).toMatchObject({ userId: id, role: 'admin' })
  expect(first?.issuedBefore).toBeGreaterThanOrEqual(Math.floor(startedMs / 1000) + 60)
  expect(first?.issuedBefore).toBeLessThanOrEqual(Date.now() / 1000 + 60.001)
  expect(first?.expiresInSeconds).toBeGreaterThan(86_410)

  // a clock that was set back in between
  await database.pool.query(
    "update auth_api.role_changes set changed_at = now() + interval '1 hour'",
  )
  await users.setRole(id, 'editor')
  const [second] = await recorded()
  expect([second?.role, (second?.issuedBefore ?? 0) - (first?.issuedBefore ?? 0) > 3500]).toEqual([
    'editor',
    true,
  ])
  await database.pool.query(
    "update auth_api.role_changes set changed_at = now() - interval '25 hours'",
  )
  expect(await recorded()).toEqual([])
})

test('of simultaneous role changes, the last to commit is recorded', async () => {
  const { id } = await addUser()
  await Promise.all(Array.from({ length: 20 }, (_, index) => users.setRole(id, `role-${index}`)))
  const change = (await readRoleChanges(database.pool)).find(({ userId }) => userId === id)
  expect(change?.role).toBe((await stateOf(id))?.role)
})

describe('a revocation', () => {
  test('commits the raised version, the change and the pending revocation together', async () => {
    const { id } = await addUser()
    const revocation = await users.revoke(id, 'user_disabled', { active: false })
    expect(revocation).toMatchObject({ userId: id, version: 2, reason: 'user_disabled' })
    expect(await stateOf(id)).toMatchObject({ active: false, version: 2 })
    expect(await users.pendingRevocations(id)).toEqual([revocation])

    await users.revoke(id, 'password_changed', { passwordHash: 'new' })
    expect(await stateOf(id)).toMatchObject({ active: false, version: 3, passwordHash: 'new' })
    expect((await users.pendingRevocations(id)).map(({ version }) => version)).toEqual([2, 3])
  })

  test('of fifty for the same version, one succeeds', async () => {
    const { id } = await addUser()
    const revocations = await Promise.all(
      Array.from({ length: 50 }, () => users.revoke(id, 'logout_all', { ifVersion: 1 })),
    )
    expect(revocations.filter((revocation) => revocation !== undefined)).toHaveLength(1)
    expect(await stateOf(id)).toMatchObject({ version: 2 })
    expect(await users.pendingRevocations(id)).toHaveLength(1)
  })

  test('of an unknown user does nothing', async () => {
    expect(await users.revoke('00000000-0000-4000-8000-000000000000', 'admin', {})).toBeUndefined()
  })

  test('must be acknowledged before the user can be enabled', async () => {
    const { id } = await addUser()
    const revocation = await users.revoke(id, 'user_disabled', { active: false })
    expect(await users.enable(id)).toBe(false)
    expect(await stateOf(id)).toMatchObject({ active: false })
    await users.acknowledge(revocation?.id ?? '')
    expect(await users.enable(id)).toBe(true)
    expect(await stateOf(id)).toMatchObject({ active: true, version: 2 })
  })

  test('that is pending reports its age and is in the list of all users', async () => {
    const { id } = await addUser()
    const revocation = await users.revoke(id, 'admin', {})
    expect(await users.pendingRevocations()).toContainEqual(revocation)
    expect(await oldestPendingSeconds(database.pool)).toBeGreaterThan(0)
  })
})

test('an unavailable database is a coded error, never a missing user', async () => {
  const unavailable = createPostgresUsers({ pool: (await closedDatabase()).pool })
  await expect(unavailable.findByName('ada')).rejects.toMatchObject({ code: 'unavailable' })

  async function closedDatabase() {
    const opened = await openTestDatabase()
    await opened.close()
    return opened
  }
})
