import { readEnvironment, type Environment } from '@auto-refresh/service-kit/config'
import { LONGEST_ACCESS_TOKEN_SECONDS } from '@auto-refresh/contracts'
import { isLoopbackUrl } from '@auto-refresh/server/core'

/** A timer cannot wait longer than 24 days: it would fire at once, and the limit would be none. */
const MAX_WINDOW_SECONDS = 604_800

/**
 * What the service needs to know, from the environment alone. Throws a `ConfigError` that names
 * every fault at once.
 */
export function parseAuthApiConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const days = (name: string, value: number, min: number) =>
    env.decimal(name, { default: value, min, max: 3650 })

  const longestMinutes = LONGEST_ACCESS_TOKEN_SECONDS / 60
  const accessTtlSeconds = Math.round(
    60 *
      env.decimal('ACCESS_TOKEN_EXPIRE_MINUTES', { default: 30, min: 0.05, max: longestMinutes }),
  )
  const dueThresholdSeconds = env.decimal('AUTO_REFRESH_THRESHOLD', {
    default: Math.min(300, accessTtlSeconds / 2),
    min: 0,
  })
  if (dueThresholdSeconds >= accessTtlSeconds)
    env.fault('AUTO_REFRESH_THRESHOLD must be shorter than ACCESS_TOKEN_EXPIRE_MINUTES')

  const limit = (name: string, fallback: `${number}/${number}`) => {
    const value = env.limit(name, { default: fallback })
    if (value !== 'off' && value.seconds > MAX_WINDOW_SECONDS)
      env.fault(`${name} has a window longer than ${MAX_WINDOW_SECONDS} seconds`)
    return value
  }

  const refreshLimit = limit('REFRESH_LIMIT', '60/60')

  const cookie = {
    secure: env.oneOf('COOKIE_SECURE', ['auto', 'true', 'false'], { default: 'auto' }),
    sameSite: env.oneOf('COOKIE_SAMESITE', ['lax', 'strict', 'none'], { default: 'lax' }),
    domain: env.domain('COOKIE_DOMAIN', { default: undefined }),
    partitioned: env.boolean('COOKIE_PARTITIONED', { default: false }),
  }
  if (cookie.sameSite === 'none' && cookie.secure === 'false')
    env.fault('COOKIE_SAMESITE=none needs a Secure cookie: browsers drop it otherwise')
  if (cookie.partitioned && cookie.sameSite !== 'none')
    env.fault(
      'COOKIE_PARTITIONED=true needs COOKIE_SAMESITE=none: a frame of another site is sent no other cookie',
    )

  const issuer = env.url('ISSUER', {
    protocols: ['https:', 'http:'],
    default: 'http://localhost:8000',
  })
  if (
    environment['NODE_ENV'] === 'production' &&
    issuer.startsWith('http:') &&
    !isLoopbackUrl(issuer)
  ) {
    env.fault('ISSUER must be https: with NODE_ENV=production, except for a loopback host')
  }

  return env.done({
    http: env.address({ host: 'HOST', port: 'PORT' }, { host: '127.0.0.1', port: 8000 }),
    databaseUrl: env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }),
    redisUrl: env.url('REDIS_URL', { protocols: ['redis:', 'rediss:'], default: undefined }),
    databasePoolSize: env.integer('AUTH_API_POOL_SIZE', { default: 10, min: 1, max: 200 }),
    tokens: {
      issuer,
      audience: env.string('AUDIENCE', { default: 'auto-refresh' }),
      accessTtlSeconds,
      dueThresholdSeconds,
    },
    signingKeys: {
      encryptionKeys: env.keys('SIGNING_KEY_ENCRYPTION_KEYS'),
      rotationDays: days('SIGNING_KEY_ROTATION_DAYS', 30, 0.1),
    },
    limits: {
      login: limit('LOGIN_LIMIT', '10/300'),
      loginAddress: limit('LOGIN_IP_LIMIT', '100/300'),
      loginAccount: limit('LOGIN_ACCOUNT_LIMIT', '100/3600'),
      refusedRefresh: limit('REFUSED_REFRESH_LIMIT', '60/60'),
      // As many as token-store allows replays: an auto-refresh that is not due changes nothing.
      look:
        refreshLimit === 'off'
          ? refreshLimit
          : { ...refreshLimit, points: refreshLimit.points * 5 },
    },
    cors: { allowedOrigins: env.origins('CORS_ALLOWED_ORIGINS', { default: [] }) },
    allowedHosts: env.hosts('ALLOWED_HOSTS', { default: [] }).map((host) => host.toLowerCase()),
    trustedProxies: env.addressBlocks('TRUSTED_PROXIES', { default: [] }),
    cookie,
    debugAutoRefresh: env.boolean('DEBUG_AUTO_REFRESH', { default: false }),
    auditRetentionDays: days('AUDIT_RETENTION_DAYS', 90, 1),
    usernameHashKey: env.key('USERNAME_HASH_KEY'),
    backEndKeys: {
      feed: env.secrets('REVOCATION_FEED_KEYS', { default: [] }),
      renewal: env.secrets('RENEWAL_KEYS', { default: [] }),
    },
  })
}
export type AuthApiConfig = ReturnType<typeof parseAuthApiConfig>

/**
 * What only the process of its own needs: standalone hands over token-store itself and has one
 * admin server for all.
 */
export function parseAuthApiProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const host = env.address({ host: 'HOST', port: 'PORT' }, { host: '127.0.0.1', port: 8000 }).host
  return env.done({
    admin: env.address({ host: 'ADMIN_HOST', port: 'ADMIN_PORT' }, { host, port: 9101 }),
    logLevel: env.oneOf(
      'LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      { default: 'info' },
    ),
    tokenStoreUrls: env.urls('TOKEN_STORE_URL', { protocols: ['http:', 'https:'] }),
    internalApiKeys: env.secrets('INTERNAL_API_KEYS'),
    drainMs: env.decimal('DRAIN_SECONDS', { default: 2, min: 0, max: 60 }) * 1000,
  })
}
