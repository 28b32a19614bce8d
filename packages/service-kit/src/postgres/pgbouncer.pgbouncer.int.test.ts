import { join } from 'node:path'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { afterEach, expect, test } from 'vitest'
import { checkSchema } from './check-schema.ts'
import { createPool } from './create-pool.ts'
import { inTransaction } from './in-transaction.ts'
import { migrate } from './migrate.ts'
import { startPgBouncer } from './testing/start-pg-bouncer.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

test('behind PgBouncer in session mode with defaults, migrations and transactions work with the required settings', async () => {
  const database = stack.adopt(await createTestDatabase({ ownDeadlines: true }), ({ drop }) =>
    drop(),
  )
  const { url } = stack.adopt(await startPgBouncer(database.url), (started) => started.stop())
  const shop = {
    schema: 'token_store',
    directory: join(import.meta.dirname, '../../../../services/token-store/migrations'),
  }
  await Promise.all([
    migrate({ url, ...shop, log: () => {} }),
    migrate({ url, ...shop, log: () => {} }),
  ])
  const pool = stack.adopt(
    createPool({ url, applicationName: 'test', max: 4, onError: () => {} }),
    (opened) => opened.end(),
  )
  await checkSchema({ pool, ...shop })
  const settings = await Promise.all(
    Array.from({ length: 8 }, () =>
      inTransaction(pool, async (client) => {
        const text =
          "select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement, current_setting('TimeZone') as zone"
        return (await client.query({ name: 'settings', text })).rows[0] as unknown
      }),
    ),
  )
  for (const own of settings) expect(own).toEqual({ lock: '250ms', statement: '1s', zone: 'UTC' })
})
