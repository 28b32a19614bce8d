import { createTestDatabase } from '@auto-refresh/test-engines'
import { createPool, migrate } from '@auto-refresh/service-kit/postgres'
import { AUTH_API_MIGRATIONS } from '../auth-api-migrations.ts'

/** Creates a database with our schema and opens a pool. */
export async function openTestDatabase() {
  const { url, drop } = await createTestDatabase()
  await migrate({ url, ...AUTH_API_MIGRATIONS, log: () => {} })
  const pool = createPool({ url, applicationName: 'test', max: 10, onError: () => {} })
  return {
    url,
    pool,
    async close() {
      await pool.end()
      await drop()
    },
  }
}
