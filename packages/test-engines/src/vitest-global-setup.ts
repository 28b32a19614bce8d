import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from './start-postgres.ts'

/**
 * Starts Postgres once for all test files of a run; they find it by `TEST_DATABASE_URL`, which
 * workers inherit. `TEST_RUN_FOLDER` is a folder for what the files of a run share.
 */
export async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'auto-refresh-run-'))
  process.env['TEST_RUN_FOLDER'] = folder
  const { url, stop, engine } = await startPostgres()
  const isOurs = engine !== 'environment'
  if (isOurs) process.env['TEST_DATABASE_URL'] = url
  return async () => {
    if (isOurs) delete process.env['TEST_DATABASE_URL']
    await stop()
    await rm(folder, { recursive: true, force: true })
  }
}
