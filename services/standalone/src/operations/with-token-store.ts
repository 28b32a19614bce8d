import type { Environment } from '@auto-refresh/service-kit/config'
import {
  createLogger,
  createMetrics,
  type Logger,
  type Metrics,
} from '@auto-refresh/service-kit/telemetry'
import type { TokenStore } from '@auto-refresh/contracts'
import { buildTokenStore } from '@auto-refresh/token-store'
import { parseServiceConfigs, parseStandaloneConfig, type ServiceConfigs } from '../config.ts'
import { borrowKeys, keepKeys, type Keys } from '../generated-keys.ts'
import { borrowDatabase } from '../open-database.ts'

type Workplace = Readonly<{ configs: ServiceConfigs; logger: Logger; metrics: Metrics }>

/**
 * Runs `work` with a token-store in this process, on DATABASE_URL or the embedded Postgres of
 * DATA_DIR, running or not. It serves no requests; events stay in the outbox for the running
 * service. `onNew` is called before a database is created, and may throw. `neededKeys` are those
 * without which the result would be wrong.
 */
export async function withTokenStore<T>(
  environment: Environment,
  work: (tokenStore: TokenStore, databaseUrl: string, place: Workplace) => Promise<T>,
  {
    onNew = tellOfNew,
    neededKeys = [],
  }: { onNew?: ((dataDir: string) => void) | undefined; neededKeys?: readonly (keyof Keys)[] } = {},
): Promise<T> {
  const config = parseStandaloneConfig(environment)
  const logger = createLogger({
    service: 'operations',
    level: 'error',
    destination: process.stderr,
  })
  const metrics = createMetrics({ service: 'operations', version: '' })
  await using opened = new AsyncDisposableStack()
  const database = await borrowDatabase({ config, log: (message) => logger.info(message), onNew })
  opened.defer(() => database.stop())
  const keys = await (config.databaseUrl === undefined
    ? keepKeys({ dataDir: config.dataDir, environment, databaseUrl: database.url })
    : borrowKeys({ dataDir: config.dataDir, environment, needed: neededKeys }))
  const configs = parseServiceConfigs(environment, { keys, databaseUrl: database.url })
  const store = buildTokenStore({
    config: configs.tokenStore,
    publisher: undefined,
    logger,
    metrics,
  })
  opened.defer(() => store.stop())
  return await work(store.tokenStore, database.url, { configs, logger, metrics })
}

const tellOfNew = (dataDir: string) =>
  void process.stderr.write(
    `A new database is created in ${dataDir}; set DATA_DIR if another one was meant\n`,
  )
