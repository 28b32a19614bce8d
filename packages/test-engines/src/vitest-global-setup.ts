import { startPostgres } from './start-postgres.ts'

/**
 * Starts Postgres once for all test files of a run; they find it by `TEST_DATABASE_URL`, which
 * workers inherit.
 */
export async function setup(): Promise<() => Promise<void>> {
  const { url, stop, engine } = await startPostgres()
  if (engine === 'environment') return stop
  process.env['TEST_DATABASE_URL'] = url
  return async () => {
    delete process.env['TEST_DATABASE_URL']
    await stop()
  }
}
