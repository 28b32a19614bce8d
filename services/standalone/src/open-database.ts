import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AUTH_API_MIGRATIONS } from '@auto-refresh/auth-api'
import { CLEANUP_WORKER_MIGRATIONS } from '@auto-refresh/cleanup-worker'
import { findEmbeddedPostgres, openEmbeddedPostgres } from '@auto-refresh/embedded-postgres'
import { isUnavailable, migrate } from '@auto-refresh/service-kit/postgres'
import { TOKEN_STORE_MIGRATIONS } from '@auto-refresh/token-store'
import type { StandaloneConfig } from './config.ts'
import { explainFault } from './explain-fault.ts'
import { makeDataDir } from './make-data-dir.ts'

type Options = Readonly<{
  config: Pick<StandaloneConfig, 'databaseUrl' | 'dataDir'>
  log: (message: string) => void
}>
export type Database = Readonly<{ url: string; stop: () => Promise<void>; abandon: () => void }>
/** This process did not start the database, so it does not stop it. */
const LEFT_ALONE = { stop: async () => {}, abandon: () => {} }

/**
 * Opens the database of `DATABASE_URL`, else the embedded one, exclusively; with every schema at
 * its newest version.
 */
export async function openDatabase({ config, log }: Options): Promise<Database> {
  await makeDataDir(config.dataDir)
  const database = await open({ config, log })
  try {
    for (const migrations of [
      TOKEN_STORE_MIGRATIONS,
      AUTH_API_MIGRATIONS,
      CLEANUP_WORKER_MIGRATIONS,
    ])
      await migrate({ url: database.url, ...migrations, log })
    return database
  } catch (error) {
    await database.stop()
    throw isUnavailable(error)
      ? new Error(`The database cannot be used: ${explainFault(error)}`, { cause: error })
      : error
  }
}

/**
 * The same for an operator command beside a standalone that may be running: its embedded Postgres
 * is then used and left running.
 */
export async function borrowDatabase(
  options: Options & { onNew: (dataDir: string) => void },
): Promise<Database> {
  const { databaseUrl, dataDir } = options.config
  const running = databaseUrl === undefined ? await findEmbeddedPostgres(options.config) : undefined
  // With another DATA_DIR than the running standalone's this would be an unrelated database.
  if (databaseUrl === undefined && !existsSync(join(dataDir, 'postgres'))) options.onNew(dataDir)
  return running === undefined ? openDatabase(options) : { ...running, ...LEFT_ALONE }
}

async function open({ config: { databaseUrl, dataDir }, log }: Options): Promise<Database> {
  return databaseUrl === undefined
    ? openEmbeddedPostgres({ dataDir, log })
    : { url: databaseUrl, ...LEFT_ALONE }
}
