import { createTestDatabase, type TestDatabase } from '@auto-refresh/test-engines'
import type { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPool } from './create-pool.ts'
import { inTransaction } from './in-transaction.ts'
import { openConnections } from './open-connections.ts'
import { isUnavailable } from './unavailable.ts'

let database: TestDatabase
let pool: Pool
/** with the deadlines of requests */
let impatient: Pool
const errors: Error[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  pool = createPool({
    url: database.url,
    applicationName: 'test',
    max: 4,
    onError: (error) => errors.push(error),
  })
  const own = new URL(database.url)
  own.searchParams.delete('options')
  impatient = createPool({ url: own.href, applicationName: 'test', max: 1, onError: () => {} })
  await pool.query(
    'create table things (id int primary key, name text unique deferrable initially deferred)',
  )
})
beforeEach(() => pool.query('truncate things'))
afterAll(async () => {
  await Promise.all([pool?.end(), impatient?.end()])
  await database?.drop()
})

const count = async () =>
  (await pool.query<{ n: number }>('select count(*) as n from things')).rows[0]?.n

describe('createPool', () => {
  test('times are Unix milliseconds, counts are numbers, bytes are buffers', async () => {
    const { rows } = await pool.query(
      "select '2026-01-02 03:04:05.678Z'::timestamptz as at, 5000000000::int8 as n, '\\x00ff'::bytea as b, null::timestamptz as none",
    )
    expect(rows[0]).toEqual({
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      n: 5_000_000_000,
      b: Buffer.from([0, 255]),
      none: null,
    })
  })

  test('every session has the deadlines and the application name', async () => {
    const { rows } = await impatient.query<{ setting: string }>(
      "select name, setting from pg_settings where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'application_name') order by name",
    )
    expect(rows.map(({ setting }) => setting)).toEqual(['test', '1000', '250', '1000'])
  })

  test('queries that do not await each other are pipelined', async () => {
    const client = await pool.connect()
    try {
      const answers = await Promise.all([
        client.query('select 1 as n'),
        client.query('select 2 as n'),
      ])
      expect(client.pipeline).toBe(true)
      expect(answers.map(({ rows }) => rows[0] as unknown)).toEqual([{ n: 1 }, { n: 2 }])
    } finally {
      client.release()
    }
  })

  test('a connection that the server closes is reported and replaced, idle or in use', async () => {
    errors.length = 0
    const client = await pool.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    await pool.query('select pg_terminate_backend($1::int)', [rows[0]?.pid])
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    await expect(client.query('select 1')).rejects.toSatisfy(isUnavailable)
    client.release(true)
    expect(await count()).toBe(0)
  })
})

test('a pool has connections before the first request, and fails where the database is unavailable', async () => {
  const fresh = createPool({
    url: database.url,
    applicationName: 'test',
    max: 10,
    onError: () => {},
  })
  await openConnections(fresh)
  expect([fresh.totalCount, fresh.idleCount]).toEqual([4, 4])
  await fresh.end()
  const unreachable = createPool({
    url: 'postgres://x@127.0.0.1:1/x',
    applicationName: 'test',
    max: 2,
    onError: () => {},
  })
  await expect(openConnections(unreachable)).rejects.toSatisfy(isUnavailable)
  expect(unreachable.totalCount).toBe(0)
  await unreachable.end()
})

describe('inTransaction', () => {
  test('commits and returns the result of the work', async () => {
    const result = await inTransaction(pool, async (client) => {
      await client.query("insert into things values (1, 'a')")
      return 'done'
    })
    expect([result, await count()]).toEqual(['done', 1])
  })

  test('an error rolls back, is rethrown and keeps the connection', async () => {
    const thrown = new Error('no')
    const before = pool.totalCount
    await expect(
      inTransaction(pool, async (client) => {
        await client.query("insert into things values (1, 'a')")
        throw thrown
      }),
    ).rejects.toBe(thrown)
    expect([await count(), pool.totalCount]).toEqual([0, before])
  })

  test('a failed statement whose error was swallowed still fails the transaction', async () => {
    await expect(
      inTransaction(pool, async (client) => {
        await client.query("insert into things values (1, 'a')")
        await client.query('select 1 / 0').catch(() => {})
      }),
    ).rejects.toThrow('Commit failed: Postgres answered ROLLBACK')
    expect(await count()).toBe(0)
  })

  test('a failed commit throws', async () => {
    await expect(
      inTransaction(pool, (client) => client.query("insert into things values (1, 'a'), (2, 'a')")),
    ).rejects.toMatchObject({ code: '23505' })
    expect(await count()).toBe(0)
  })

  test('a connection that breaks during the work throws as unavailable and is destroyed', async () => {
    await expect(
      inTransaction(pool, (client) =>
        client.query('select pg_terminate_backend(pg_backend_pid())'),
      ),
    ).rejects.toSatisfy(isUnavailable)
    expect(await count()).toBe(0)
  })

  test('a lock timeout is reported as unavailable', async () => {
    await pool.query("insert into things values (1, 'a')")
    await inTransaction(pool, async (client) => {
      await client.query('select * from things where id = 1 for update')
      const waiting = inTransaction(impatient, (other) =>
        other.query('select * from things where id = 1 for update'),
      )
      await expect(waiting).rejects.toMatchObject({ code: '55P03' })
    })
  })
})
