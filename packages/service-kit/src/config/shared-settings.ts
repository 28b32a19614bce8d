import type { Description } from './record-settings.ts'
import type { EnvironmentReader } from './read-environment.ts'

/** Settings that several services read. */

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const LOOPBACK = '127.0.0.1'
const POSTGRES = {
  protocols: ['postgres:', 'postgresql:'],
  section: 'addresses',
  describe:
    'Postgres 15 or newer, encoded in UTF-8 ([connection](#the-connection-to-postgres)). ' +
    'Without it standalone starts an embedded Postgres.',
  example: 'postgres://user:password@localhost:5432/auth',
} as const
const HOST: Description = {
  section: 'addresses',
  describe: 'Address to listen on; `0.0.0.0` for all.',
}

/** `HOST` and `PORT`. */
export const readHttpAddress = (env: EnvironmentReader, port: number) =>
  env.address(
    { host: 'HOST', port: 'PORT' },
    { host: LOOPBACK, port },
    { host: HOST, port: { section: 'addresses', describe: 'HTTP port; 0 takes a free one.' } },
  )

/** `HOST`, for a service without HTTP: the default of `ADMIN_HOST`. */
export const readHost = (env: EnvironmentReader) => env.host('HOST', { default: LOOPBACK, ...HOST })

/** `ADMIN_HOST` and `ADMIN_PORT`. */
export const readAdminAddress = (
  env: EnvironmentReader,
  defaults: { host: string; port: number },
) =>
  env.address({ host: 'ADMIN_HOST', port: 'ADMIN_PORT' }, defaults, {
    host: {
      section: 'addresses',
      describe: 'Address of `/metrics`, `/healthz` and `/readyz`; keep it inside your network.',
      unset: '`HOST`',
    },
    port: { section: 'addresses', describe: 'Port of `ADMIN_HOST`.' },
  })

/** `LOG_LEVEL`. */
export const readLogLevel = (env: EnvironmentReader) =>
  env.oneOf('LOG_LEVEL', LOG_LEVELS, {
    default: 'info',
    section: 'operations',
    describe: 'The lowest level that is logged.',
  })

/** `NODE_ENV`. */
export const readNodeEnv = (env: EnvironmentReader) =>
  env.string('NODE_ENV', {
    default: undefined,
    section: 'addresses',
    describe:
      '`production` requires an https `ISSUER`, and closes the demo password and the playground.',
    example: 'production',
  })

/** `DATABASE_URL`, required. */
export const readDatabaseUrl = (env: EnvironmentReader) => env.url('DATABASE_URL', POSTGRES)

/** `DATABASE_URL`, for standalone. */
export const readOptionalDatabaseUrl = (env: EnvironmentReader) =>
  env.url('DATABASE_URL', { ...POSTGRES, default: undefined })

/** `REDIS_URL`. */
export const readRedisUrl = (env: EnvironmentReader) =>
  env.url('REDIS_URL', {
    protocols: ['redis:', 'rediss:'],
    default: undefined,
    section: 'addresses',
    describe:
      'Redis or Valkey, so that replicas count [limits](#limits) and [patterns](#suspicious-patterns) together.',
    example: 'redis://localhost:6379',
  })

/** `INTERNAL_API_KEYS`. */
export const readInternalApiKeys = (env: EnvironmentReader) =>
  env.secrets('INTERNAL_API_KEYS', {
    section: 'services',
    describe: 'auth-api sends the first to token-store and cleanup-worker, which accept all.',
  })

/** `REFRESH_LIMIT`. */
export const readRefreshLimit = (env: EnvironmentReader) =>
  env.limit('REFRESH_LIMIT', {
    default: '60/60',
    section: 'limits',
    describe:
      'Rotations per session, over all token-stores. ' +
      'Five times as many replays, and calls of `/auto-refresh` that are not due, are allowed.',
  })

/** `AUDIT_RETENTION_DAYS`: of rotations, and of every other record. */
export function readAuditRetentionDays(env: EnvironmentReader) {
  const [records, rotations] = env.decimalOrTwo('AUDIT_RETENTION_DAYS', {
    default: 90,
    min: 1,
    max: 3650,
    section: 'operations',
    describe:
      'Days that events, sign-ins (with whole addresses) and notices are kept. ' +
      '`90/30` keeps rotations (`session.rotated.v1`) for 30 days only; ' +
      'those from before the upgrade to a partitioned trail stay 90 days.',
  })
  return { records, rotations }
}
