import { createTestDatabase, eventually } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { refresh, startTestTokenStores } from './testing/test-token-store.ts'

let stack: AsyncDisposableStack
afterEach(() => stack.disposeAsync())

/** Two replicas on a database with this administrator's setting. */
async function startOn(setting: string, value: string) {
  stack = new AsyncDisposableStack()
  const database = stack.adopt(await createTestDatabase(), ({ drop }) => drop())
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    `alter database ${new URL(database.url).pathname.slice(1)} set ${setting} to ${value}`,
  )
  await client.end()
  return stack.adopt(
    await startTestTokenStores({ url: database.url, replicas: 2, env: { REFRESH_LIMIT: 'off' } }),
    (t) => t.stop(),
  )
}

test.each([
  ['DateStyle', "'German'"],
  ['DateStyle', "'SQL, DMY'"],
  ['DateStyle', "'Postgres, MDY'"],
  ['TimeZone', "'America/St_Johns'"],
  ['IntervalStyle', "'sql_standard'"],
  ['extra_float_digits', '-15'],
  ['bytea_output', "'escape'"],
  ['array_nulls', 'off'],
  ['standard_conforming_strings', 'off'],
  ['search_path', "'nowhere'"],
  ['default_transaction_isolation', "'repeatable read'"],
  ['default_transaction_isolation', "'serializable'"],
  ['transaction_timeout', "'50ms'"],
  ['idle_in_transaction_session_timeout', "'1ms'"],
  ['synchronous_commit', 'off'],
  ['plan_cache_mode', "'force_generic_plan'"],
  ['client_encoding', "'latin1'"],
  ['session_replication_role', "'replica'"],
])(
  'with %s = %s a session is issued, refreshed, replayed, revoked on reuse and swept',
  async (setting, value) => {
    const t = await startOn(setting, value)
    const [one = t.store, other = t.store] = t.stores
    const { token, session } = await t.issue({
      context: { network: '192.0.2.0/24', agent: 'a "browser", \\ é, NULL' },
    })
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).rotate(refresh(token))),
    )
    expect(results.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1)
    expect(results.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(19)
    await t.age(session.id, 300)
    expect(await other.rotate(refresh(token))).toMatchObject({ outcome: 'reused' })
    expect((await one.revocations({})).revocations).toContainEqual(
      expect.objectContaining({ sessionId: session.id }),
    )
    await eventually(() => t.events.some(({ type }) => type === 'session.reuse-detected.v1'))
    await t.age(session.id, 40 * 86_400)
    expect((await t.sql.query('select token_store.sweep_expired(10) as n')).rows).toEqual([
      { n: '1' },
    ])
  },
)
