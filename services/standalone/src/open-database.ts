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
/** Not ours to stop. */
const LEFT_ALONE = { stop: async () => {}, abandon: () => {} }

/**
 * The database that `DATABASE_URL` names, or else the embedded one, which is then this process's
 * alone; with every schema at its newest version.
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
 * The same for a command beside a standalone that may be running: then its embedded Postgres is
 * used, and left running.
 */
export async function borrowDatabase(
  options: Options & { onNew: (dataDir: string) => void },
): Promise<Database> {
  const { databaseUrl, dataDir } = options.config
  const running = databaseUrl === undefined ? await findEmbeddedPostgres(options.config) : undefined
  // Beside a standalone of another DATA_DIR it would be one in which nobody looks.
  if (databaseUrl === undefined && !existsSync(join(dataDir, 'postgres'))) options.onNew(dataDir)
  return running === undefined ? openDatabase(options) : { ...running, ...LEFT_ALONE }
}

async function open({ config: { databaseUrl, dataDir }, log }: Options): Promise<Database> {
  return databaseUrl === undefined
    ? openEmbeddedPostgres({ dataDir, log })
    : { url: databaseUrl, ...LEFT_ALONE }
}
