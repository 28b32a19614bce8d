import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@auto-refresh/test-engines'
import type { Pool } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkSchema } from './check-schema.ts'
import { createPool } from './create-pool.ts'
import { migrate } from './migrate.ts'

const schema = 'shop'
let database: TestDatabase
let pool: Pool
let root: string
let directory: string
let logged: string[]

beforeEach(async () => {
  database = await createTestDatabase({ ownDeadlines: true })
  pool = createPool({
    url: `${database.url}&query_timeout=30000&connectionTimeoutMillis=30000`,
    applicationName: 'test',
    max: 2,
    onError: () => {},
  })
  root = await mkdtemp(join(tmpdir(), 'migrations-'))
  // The folder of a checkout may contain glob characters.
  directory = join(root, 'a [b] (c) {d,e}')
  logged = []
  await mkdir(directory)
  await writeFile(
    join(directory, '001.do.things.sql'),
    'create table shop.things (id int); insert into shop.things values (1);',
  )
})
afterEach(async () => {
  await pool.end()
  await database.drop()
  await rm(root, { recursive: true })
})

const run = () =>
  migrate({ url: database.url, schema, directory, log: (message) => logged.push(message) })
const check = () => checkSchema({ pool, schema, directory })

test('of five concurrent processes all succeed, and every migration runs once', async () => {
  await Promise.all([run(), run(), run(), run(), run()])
  expect((await pool.query('select id from shop.things')).rows).toEqual([{ id: 1 }])
  expect(logged).toEqual(['shop 1: things'])
})

test('a failed migration leaves nothing behind, and the next attempt succeeds', async () => {
  const broken = join(directory, '002.do.more.sql')
  await writeFile(broken, 'create table shop.more (id int); select 1 / 0;')
  await expect(run()).rejects.toThrow('division by zero')
  expect((await pool.query("select to_regclass('shop.things') as things")).rows).toEqual([
    { things: null },
  ])
  await writeFile(broken, 'create table shop.more (id int);')
  await run()
  expect(logged).toEqual(['shop 1: things', 'shop 2: more'])
})

test('a missing or old schema is rejected with the command that migrates it, a newer one is accepted', async () => {
  await expect(check()).rejects.toThrow(
    'The schema shop is at version 0, this code needs 1: run `npm run migrate` first',
  )
  await run()
  await check()
  await writeFile(join(directory, '002.do.more.sql'), 'create table shop.more (id int);')
  await expect(check()).rejects.toThrow('at version 1, this code needs 2')
  await run()
  await rm(join(directory, '002.do.more.sql'))
  await check()
})

test('a folder without migrations is an error', async () => {
  await rm(join(directory, '001.do.things.sql'))
  await expect(run()).rejects.toThrow('No migrations found')
})

test('a migration may take longer than a request', async () => {
  await writeFile(join(directory, '002.do.slow.sql'), 'select pg_sleep(1.2);')
  await run()
  expect(logged).toHaveLength(2)
})
