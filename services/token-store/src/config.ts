import { readEnvironment, type Environment } from '@auto-refresh/service-kit/config'

const DAY_MS = 86_400_000

/**
 * What the service needs to know, from the environment alone. Throws a `ConfigError` that names
 * every fault at once.
 */
export function parseTokenStoreConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const days = (name: string, value: number) =>
    Math.round(env.decimal(name, { default: value, min: 0.0001, max: 3650 }) * DAY_MS)
  const rotationLimit = env.limit('REFRESH_LIMIT', { default: '60/60' })

  const refreshTokenKeys = env.byteKeys('REFRESH_TOKEN_KEYS')
  const retiredKids = env.integers('REFRESH_TOKEN_RETIRED_KIDS', { default: [], min: 0, max: 255 })
  // The key would win, and tokens that somebody means to be refused would be good.
  for (const kid of retiredKids)
    if (refreshTokenKeys?.some((key) => key.kid === kid))
      env.fault(
        `REFRESH_TOKEN_RETIRED_KIDS names ${kid}, whose key is still in REFRESH_TOKEN_KEYS; remove it`,
      )

  return env.done({
    databaseUrl: env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }),
    databasePoolSize: env.integer('TOKEN_STORE_POOL_SIZE', { default: 10, min: 4, max: 200 }),
    refreshTokenKeys,
    retiredKids,
    refreshTtlMs: days('REFRESH_TOKEN_EXPIRE_DAYS', 7),
    sessionMaxMs: days('SESSION_MAX_DAYS', 30),
    graceMs: env.decimal('REFRESH_GRACE_SECONDS', { default: 60, min: 0, max: 300 }) * 1000,
    replayContext: env.oneOf('REPLAY_CONTEXT', ['warn', 'strict'], { default: 'warn' }),
    rotationLimit: rotationLimit === 'off' ? null : rotationLimit,
    // Replays cost no event and no generation: honest racers may have five times as many.
    replayLimit:
      rotationLimit === 'off'
        ? null
        : { points: rotationLimit.points * 5, seconds: rotationLimit.seconds },
    sessionLimit: env.integer('SESSION_LIMIT', { default: 50, min: 1, max: 10_000 }),
  })
}
export type TokenStoreConfig = ReturnType<typeof parseTokenStoreConfig>

/**
 * What only the process of its own needs: standalone calls the use cases itself and has one admin
 * server for all.
 */
export function parseTokenStoreProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const http = env.address({ host: 'HOST', port: 'PORT' }, { host: '127.0.0.1', port: 8100 })
  return env.done({
    http,
    admin: env.address({ host: 'ADMIN_HOST', port: 'ADMIN_PORT' }, { host: http.host, port: 9102 }),
    internalApiKeys: env.secrets('INTERNAL_API_KEYS'),
    logLevel: env.oneOf(
      'LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      { default: 'info' },
    ),
  })
}
