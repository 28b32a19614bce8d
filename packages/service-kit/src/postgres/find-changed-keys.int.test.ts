import { randomBytes } from 'node:crypto'
import { createTestDatabase, type TestDatabase } from '@auto-refresh/test-engines'
import type { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPool } from './create-pool.ts'
import { findChangedKeys } from './find-changed-keys.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase()
  pool = createPool({ url: database.url, applicationName: 'test', max: 8, onError: () => {} })
  await pool.query(
    'create schema own; create table own.key_proofs (name text primary key, proof bytea not null)',
  )
})
beforeEach(() => pool.query('truncate own.key_proofs'))
afterAll(async () => {
  await pool?.end()
  await database?.drop()
})

const aKey = (name: string) => ({ name, key: randomBytes(32) })
const find = (...keys: ReturnType<typeof aKey>[]) => findChangedKeys({ pool, schema: 'own', keys })
const names = async () =>
  (await pool.query<{ name: string }>('select name from own.key_proofs order by name')).rows.map(
    ({ name }) => name,
  )

test('the first use of a key stores its proof; later keys are added in any order, and an omitted one stays known', async () => {
  const [one, two] = [aKey('K:1'), aKey('K:2')]
  expect(await find(one)).toEqual([])
  expect(await find(two, one)).toEqual([])
  expect(await find(two)).toEqual([])
  expect(await find(one, two)).toEqual([])
  expect(await names()).toEqual(['K:1', 'K:2'])
})

test('all changed keys are listed at once, and that start stores nothing', async () => {
  await find(aKey('K:1'), aKey('K:2'))
  expect(await find(aKey('K:2'), aKey('K:3'), aKey('K:1'))).toEqual(['K:1', 'K:2'])
  expect(await names()).toEqual(['K:1', 'K:2'])
})

test('of concurrent first starts with different keys exactly one is accepted', async () => {
  for (let round = 0; round < 10; round += 1) {
    await pool.query('truncate own.key_proofs')
    const found = await Promise.all(Array.from({ length: 6 }, () => find(aKey('K:2'), aKey('K:1'))))
    expect(found.filter((changed) => changed.length === 0)).toHaveLength(1)
  }
})

test('a proof does not contain its key', async () => {
  const one = aKey('K:1')
  await find(one)
  const { rows } = await pool.query<{ proof: Buffer }>('select proof from own.key_proofs')
  expect(rows[0]?.proof).toHaveLength(32)
  expect(rows[0]?.proof.equals(one.key)).toBe(false)
})
