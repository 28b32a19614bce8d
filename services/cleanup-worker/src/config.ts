import {
  readAdminAddress,
  readAuditRetentionDays,
  readDatabaseUrl,
  readEnvironment,
  readHttpAddress,
  readInternalApiKeys,
  readLogLevel,
  type Environment,
} from '@auto-refresh/service-kit/config'

/** Reads the settings of the service. Throws a `ConfigError` that names every fault at once. */
export function parseCleanupWorkerConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const databaseUrl = readDatabaseUrl(env)
  const intervalSeconds = env.decimal('CLEANUP_INTERVAL_SECONDS', {
    default: 60,
    min: 1,
    max: 86_400,
    section: 'tuning',
    describe:
      'Seconds between two runs. Lower it while `auth_cleanup_backlog_sessions` does not fall.',
  })
  return env.done({
    databaseUrl,
    databasePoolSize: 3,
    intervalMs: intervalSeconds * 1000,
    /** Rows in one transaction. */
    batchSize: 500,
    /** Each batch of a sweep also samples the table, which costs as much as a hundred deletions. */
    sweepBatchSize: 2000,
    /** For one run; the next run continues. */
    budgetMs: 20_000,
    auditRetentionDays: readAuditRetentionDays(env),
  })
}
export type CleanupWorkerConfig = ReturnType<typeof parseCleanupWorkerConfig>

/** Reads the settings of a separate process: standalone calls the use cases directly. */
export function parseCleanupWorkerProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const http = readHttpAddress(env, 8110)
  return env.done({
    http,
    admin: readAdminAddress(env, { host: http.host, port: 9103 }),
    internalApiKeys: readInternalApiKeys(env),
    logLevel: readLogLevel(env),
  })
}
