import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@auto-refresh/test-engines'
import { Client, type Pool } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkSchema } from './check-schema.ts'
import { createPool } from './create-pool.ts'
import { inTransaction } from './in-transaction.ts'
import { migrate } from './migrate.ts'
import { isUnavailable } from './unavailable.ts'

let database: TestDatabase
let pool: Pool | undefined
beforeEach(async () => {
  database = await createTestDatabase({ ownDeadlines: true })
})
afterEach(async () => {
  await pool?.end()
  pool = undefined
  await database.drop()
})

const nameOf = (url: string) => new URL(url).pathname.slice(1)

async function execute(statement: string, url = database.url): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
/** Opens `pool` on the database after `alter database ... set`. */
async function openWith(
  setting: string,
  value: string,
  parameters: Record<string, string> = {},
): Promise<Pool> {
  await execute(`alter database ${nameOf(database.url)} set ${setting} to ${value}`)
  const url = new URL(database.url)
  for (const [name, parameter] of Object.entries(parameters)) url.searchParams.set(name, parameter)
  return (pool = createPool({ url: url.href, applicationName: 'test', max: 2, onError: () => {} }))
}
const show = async (own: Pool, setting: string) =>
  (await own.query<{ value: string }>('select current_setting($1::text) as value', [setting]))
    .rows[0]?.value

test.each([
  ['DateStyle', "'German'", 'ISO, MDY'],
  ['DateStyle', "'SQL, DMY'", 'ISO, MDY'],
  ['DateStyle', "'Postgres'", 'ISO, MDY'],
  ['TimeZone', "'America/St_Johns'", 'UTC'],
  ['IntervalStyle', 'sql_standard', 'postgres'],
  ['extra_float_digits', '-15', '1'],
  ['bytea_output', 'escape', 'hex'],
  ['standard_conforming_strings', 'off', 'on'],
  ['array_nulls', 'off', 'on'],
  ['search_path', 'nowhere', 'public'],
  ['default_transaction_isolation', "'serializable'", 'read committed'],
  ['statement_timeout', "'100ms'", '1s'],
  ['lock_timeout', "'1ms'", '250ms'],
  ['idle_in_transaction_session_timeout', "'1ms'", '1s'],
  ['idle_session_timeout', "'1s'", '0'],
  ['transaction_timeout', "'1s'", '0'],
  ['synchronous_commit', 'off', 'on'],
  ['synchronous_commit', 'remote_apply', 'remote_apply'],
  ['client_encoding', 'latin1', 'UTF8'],
  ['plan_cache_mode', 'force_generic_plan', 'force_generic_plan'],
])(
  'a database with %s = %s does not change what the code depends on',
  async (setting, value, effective) => {
    const own = await openWith(setting, value)
    expect(await show(own, setting)).toBe(effective)
    const { rows } = await own.query(
      `select '2026-01-02 03:04:05.678Z'::timestamptz as at, 0.1::float8 + 0.2::float8 as sum, $1::bytea as bytes, $2::text[] as texts, $3::text as text,
       '2026-03-09 00:00Z'::timestamptz - interval '1 day' as day_before`,
      [Buffer.from([0, 92, 255]), [null, 'NULL', 'back\\slash'], "é's \\ text"],
    )
    expect(rows[0]).toEqual({
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      sum: 0.1 + 0.2,
      bytes: Buffer.from([0, 92, 255]),
      texts: [null, 'NULL', 'back\\slash'],
      text: "é's \\ text",
      day_before: Date.UTC(2026, 2, 8),
    })
  },
)

test('deadlines in the connection URL take precedence, settings that the code depends on do not', async () => {
  const own = await openWith('lock_timeout', '1', {
    options: '-c statement_timeout=7000 -c DateStyle=German',
  })
  expect([
    await show(own, 'statement_timeout'),
    await show(own, 'lock_timeout'),
    await show(own, 'DateStyle'),
  ]).toEqual(['7s', '250ms', 'ISO, MDY'])
})

test('an unreadable time, integer or float fails the query and never becomes 1970 or NaN', async () => {
  const own = await openWith('work_mem', "'8MB'")
  const client = await own.connect()
  try {
    for (const style of ['German', 'SQL', 'Postgres']) {
      await client.query(`set DateStyle to '${style}'`)
      await expect(client.query('select clock_timestamp() as at')).rejects.toThrow(
        'unexpected format',
      )
    }
    await expect(client.query("select 'NaN'::float8 as n")).rejects.toThrow('not a number')
    await expect(client.query('select 9007199254740993::int8 as n')).rejects.toThrow('2^53')
    expect(
      (
        await client.query(
          "select 'infinity'::timestamptz as at, null::timestamptz as none, '-Infinity'::float8 as n",
        )
      ).rows,
    ).toEqual([{ at: Infinity, none: null, n: -Infinity }])
  } finally {
    client.release()
  }
})

test('under a serializable database a transaction that waited for a row reads its new state', async () => {
  const own = await openWith('default_transaction_isolation', "'serializable'")
  await own.query('create table counters (id int primary key, n int)')
  await own.query('insert into counters values (1, 0)')
  const add = () =>
    inTransaction(own, async (client) => {
      const { rows } = await client.query<{ n: number }>(
        'select n from counters where id = 1 for update',
      )
      await client.query('update counters set n = $1::int where id = 1', [(rows[0]?.n ?? 0) + 1])
    })
  await Promise.all(Array.from({ length: 20 }, add))
  expect((await own.query('select n from counters')).rows).toEqual([{ n: 20 }])
})

test('a read-only database stays read-only and is reported as unavailable', async () => {
  const own = await openWith('default_transaction_read_only', 'on')
  await expect(own.query('create table things (id int)')).rejects.toSatisfy(isUnavailable)
})

test.each(['LATIN1', 'SQL_ASCII'])(
  'a database with the encoding %s is a configuration error, for the migration and a service',
  async (encoding) => {
    const name = `${nameOf(database.url)}_other`
    await execute(
      `create database ${name} encoding '${encoding}' locale_provider 'libc' locale 'C' template template0`,
    )
    const url = database.url.replace(nameOf(database.url), name)
    const shop = {
      schema: 'token_store',
      directory: join(import.meta.dirname, '../../../../services/token-store/migrations'),
    }
    const refusal = {
      name: 'ConfigError',
      faults: [expect.stringContaining(`encoding ${encoding}`) as string],
    }
    pool = createPool({ url, applicationName: 'test', max: 1, onError: () => {} })
    try {
      await expect(migrate({ url, ...shop, log: () => {} })).rejects.toMatchObject(refusal)
      await expect(checkSchema({ pool, ...shop })).rejects.toMatchObject(refusal)
    } finally {
      await execute(`drop database ${name} with (force)`)
    }
  },
)
