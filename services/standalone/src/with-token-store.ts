import type { Environment } from '@auto-refresh/config'
import { createLogger, createMetrics, type Logger, type Metrics } from '@auto-refresh/telemetry'
import { buildTokenStore, type TokenStore } from '@auto-refresh/token-store'
import { parseServiceConfigs, parseStandaloneConfig, type ServiceConfigs } from './config.ts'
import { generateKeys, keepKeys } from './generated-keys.ts'
import { borrowDatabase } from './open-database.ts'

export type Workplace = Readonly<{ configs: ServiceConfigs; logger: Logger; metrics: Metrics }>

/**
 * Gives `work` a token-store in this process, on DATABASE_URL or the embedded Postgres of DATA_DIR, running or not. Nothing is
 * served; the events wait in the outbox for the process that does. `onNew` is told before a database is made, and may throw.
 */
export async function withTokenStore<T>(
  environment: Environment,
  work: (tokenStore: TokenStore, databaseUrl: string, place: Workplace) => Promise<T>,
  { onNew = tellOfNew, needsKeys = false }: { onNew?: ((dataDir: string) => void) | undefined; needsKeys?: boolean } = {},
): Promise<T> {
  const config = parseStandaloneConfig(environment)
  const logger = createLogger({ service: 'operations', level: 'error', destination: process.stderr })
  const metrics = createMetrics({ service: 'operations', version: '' })
  await using opened = new AsyncDisposableStack()
  const database = await borrowDatabase({ config, log: (message) => logger.info(message), onNew })
  opened.defer(() => database.stop())
  // Where the keys are kept elsewhere, most commands do without them; those of DATA_DIR are always there.
  const keys =
    needsKeys || config.databaseUrl === undefined
      ? await keepKeys({ dataDir: config.dataDir, environment, databaseUrl: database.url })
      : generateKeys()
  const configs = parseServiceConfigs(environment, { keys, databaseUrl: database.url })
  const store = buildTokenStore({ config: configs.tokenStore, publisher: undefined, logger, metrics })
  opened.defer(() => store.stop())
  return await work(store.tokenStore, database.url, { configs, logger, metrics })
}

const tellOfNew = (dataDir: string) => void process.stderr.write(`A new database is made in ${dataDir}; set DATA_DIR where another was meant\n`)
