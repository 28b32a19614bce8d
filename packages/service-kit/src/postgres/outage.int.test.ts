import { startOwnPostgres, type OwnPostgres } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool } from './create-pool.ts'
import { inTransaction } from './in-transaction.ts'
import { isUnavailable, toUnavailable } from './unavailable.ts'

let server: OwnPostgres
beforeAll(async () => {
  server = await startOwnPostgres()
})
afterAll(() => server?.stop())

test.each(['stopServer', 'killServer'] as const)(
  '%s: every query fails as unavailable, and succeeds again after the restart',
  async (outage) => {
    const timeouts = new URLSearchParams({
      options: '-c statement_timeout=60000',
      query_timeout: '60000',
      connectionTimeoutMillis: '30000',
    })
    const pool = createPool({
      url: `${server.url}&${timeouts.toString()}`,
      applicationName: 'test',
      max: 2,
      onError: () => {},
    })
    const query = () => pool.query('select 1 as n')
    try {
      await query()
      const cut = inTransaction(pool, (client) => client.query('select pg_sleep(50)')).catch(
        (error: unknown) => error,
      )
      await expect.poll(() => pool.idleCount).toBe(0)
      await server[outage]()
      expect(isUnavailable(await cut)).toBe(true)
      const error = await query().catch(toUnavailable)
      expect(error).toMatchObject({
        code: 'unavailable',
        cause: expect.toSatisfy(isUnavailable) as unknown,
      })
      await server.startServer()
      await expect
        .poll(() =>
          query().then(
            ({ rows }) => rows,
            () => [],
          ),
        )
        .toEqual([{ n: 1 }])
    } finally {
      await pool.end()
    }
  },
)
