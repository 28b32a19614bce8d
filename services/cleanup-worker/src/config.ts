import { readEnvironment, type Environment } from '@auto-refresh/service-kit/config'

/**
 * What the service needs to know, from the environment alone. Throws a `ConfigError` that names
 * every fault at once.
 */
export function parseCleanupWorkerConfig(environment: Environment) {
  const env = readEnvironment(environment)
  return env.done({
    databaseUrl: env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }),
    databasePoolSize: env.integer('CLEANUP_WORKER_POOL_SIZE', { default: 3, min: 2, max: 50 }),
    intervalMs:
      env.decimal('CLEANUP_INTERVAL_SECONDS', { default: 60, min: 1, max: 86_400 }) * 1000,
    batchSize: env.integer('CLEANUP_BATCH_SIZE', { default: 500, min: 1, max: 1000 }),
    budgetMs: env.decimal('CLEANUP_BUDGET_SECONDS', { default: 20, min: 0.1, max: 3600 }) * 1000,
    auditRetentionDays: env.decimal('AUDIT_RETENTION_DAYS', { default: 90, min: 1, max: 3650 }),
  })
}
export type CleanupWorkerConfig = ReturnType<typeof parseCleanupWorkerConfig>

/** What only the process of its own needs: standalone has one admin server for all. */
export function parseCleanupWorkerProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  return env.done({
    admin: env.address(
      { host: 'ADMIN_HOST', port: 'ADMIN_PORT' },
      { host: env.host('HOST', { default: '127.0.0.1' }), port: 9103 },
    ),
    logLevel: env.oneOf(
      'LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      { default: 'info' },
    ),
  })
}
