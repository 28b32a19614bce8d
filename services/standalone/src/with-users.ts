import { buildAuthCore, type UserAdministration } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/config'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { createLogger, createMetrics } from '@auto-refresh/telemetry'
import { buildTokenStore } from '@auto-refresh/token-store'
import { parseServiceConfigs, parseStandaloneConfig } from './config.ts'
import { keepKeys } from './generated-keys.ts'
import { borrowDatabase } from './open-database.ts'

/**
 * Gives `work` the administration of users, over auth-api and token-store in this process: what ends sessions has ended
 * them when it returns. Nothing is served; the events wait in the outbox for the process that does.
 */
export async function withUsers<T>(environment: Environment, work: (users: UserAdministration) => Promise<T>): Promise<T> {
  const config = parseStandaloneConfig(environment)
  const logger = createLogger({ service: 'user', level: 'error', destination: process.stderr })
  const metrics = createMetrics({ service: 'user', version: '' })
  await using opened = new AsyncDisposableStack()
  const database = await borrowDatabase({ config, log: (message) => logger.info(message) })
  opened.defer(() => database.stop())
  const configs = parseServiceConfigs(environment, { keys: await keepKeys(config.dataDir), databaseUrl: database.url })

  const bus = createInProcessBus()
  const store = buildTokenStore({ config: configs.tokenStore, publisher: undefined, logger, metrics })
  opened.defer(() => store.stop())
  const auth = buildAuthCore({ config: configs.authApi, tokenStore: store.tokenStore, publisher: bus, subscriber: bus, log: logger, metrics })
  opened.defer(() => auth.stop())
  return await work(auth.users)
}
