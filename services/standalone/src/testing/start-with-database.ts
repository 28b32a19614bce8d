import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { startMain, type Running } from './run-entry.ts'

/** Starts the process with a data folder and a database of its own, which `remove` deletes. */
export async function startWithDatabase(
  settings: Readonly<Record<string, string>> = {},
): Promise<Running & { remove: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'standalone-'))
  const database = await createTestDatabase()
  const running = await startMain({ DATA_DIR: dataDir, DATABASE_URL: database.url, ...settings })
  return {
    ...running,
    async remove() {
      await running.end('SIGTERM')
      await database.drop()
      await rm(dataDir, { recursive: true })
    },
  }
}
