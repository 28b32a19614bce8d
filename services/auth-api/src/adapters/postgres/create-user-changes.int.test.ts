import { createPool } from '@auto-refresh/service-kit/postgres'
import { eventually } from '@auto-refresh/test-engines'
import type { Pool, PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { aLog } from '../../testing/fakes.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { createPostgresUsers } from './create-postgres-users.ts'
import { createUserChanges } from './create-user-changes.ts'

const WAIT = { timeout: 20_000, interval: 10 }
let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

let pool: Pool
let clients: PoolClient[] = []
let elapsedMs = () => performance.now()
let changes: ReturnType<typeof createUserChanges>
const listener = {
  userChanged: vi.fn<(id: string) => void>(),
  allMayHaveChanged: vi.fn<() => void>(),
}
beforeEach(async () => {
  vi.clearAllMocks()
  clients = []
  elapsedMs = () => performance.now()
  pool = createPool({ url: database.url, applicationName: 'listener', max: 1, onError: () => {} })
  pool.on('connect', (client) => clients.push(client))
  changes = createUserChanges({
    pool: database.pool,
    listenerPool: pool,
    elapsedMs: () => elapsedMs(),
    log: aLog(),
  })
  changes.start(listener)
  await eventually(() => changes.areKnown())
})
afterEach(async () => {
  await changes.stop()
  await pool.end()
})

let count = 0
async function addUser(): Promise<string> {
  const users = createPostgresUsers({ pool: database.pool })
  const username = `listened ${count++}`
  const user = await users.add({ username, role: 'user', passwordHash: 'hash', demo: false })
  return user?.id ?? ''
}

test('every change is announced, also one by SQL in a session without triggers, and a deletion', async () => {
  const id = await addUser()
  const change = `update auth_api.users set role = 'admin' where id = '${id}'`
  for (const sql of [
    change,
    `set session_replication_role = replica; ${change}; reset session_replication_role`,
    `delete from auth_api.users where id = '${id}'`,
  ]) {
    listener.userChanged.mockClear()
    await database.pool.query(sql)
    await vi.waitFor(() => expect(listener.userChanged).toHaveBeenCalledWith(id), WAIT)
  }
  expect(listener.allMayHaveChanged).toHaveBeenCalledTimes(1)
})

test('after a broken connection it listens again, and says that changes may have been missed', async () => {
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listener'`,
  )
  await vi.waitFor(() => expect(listener.allMayHaveChanged).toHaveBeenCalledTimes(2), WAIT)
  await vi.waitFor(() => expect(changes.areKnown()).toBe(true), WAIT)
  const id = await addUser()
  await database.pool.query(`update auth_api.users set role = 'admin' where id = $1`, [id])
  await vi.waitFor(() => expect(listener.userChanged).toHaveBeenCalledWith(id), WAIT)
})

test('a connection that delivers no announcements counts as one that may miss changes, and is replaced', async () => {
  await clients[0]?.query('unlisten *')
  await vi.waitFor(() => expect(changes.areKnown()).toBe(false), WAIT)
  await vi.waitFor(() => expect(changes.areKnown()).toBe(true), WAIT)
  expect([clients.length, listener.allMayHaveChanged.mock.calls.length]).toEqual([2, 2])
})

test('a truncated table announces that all may have changed', async () => {
  await database.pool.query('begin; truncate auth_api.users cascade; commit')
  await vi.waitFor(() => expect(listener.allMayHaveChanged).toHaveBeenCalledTimes(2), WAIT)
})

test('changes are not known after a pause of two seconds, until a probe has returned', async () => {
  elapsedMs = () => performance.now() + 2000
  expect(changes.areKnown()).toBe(false)
  await vi.waitFor(() => expect(changes.areKnown()).toBe(true), WAIT)
})
