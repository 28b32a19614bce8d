import {
  readAdminAddress,
  readDatabaseUrl,
  readEnvironment,
  readHttpAddress,
  readInternalApiKeys,
  readLogLevel,
  readRefreshLimit,
  type Environment,
} from '@auto-refresh/service-kit/config'

const DAY_MS = 86_400_000

/** Reads the settings of the service. Throws a `ConfigError` that names every fault at once. */
export function parseTokenStoreConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const days = (name: string, value: number, describe: string) =>
    Math.round(
      DAY_MS *
        env.decimal(name, {
          default: value,
          min: 0.0001,
          max: 3650,
          section: 'lifetimes',
          describe,
        }),
    )
  const rotationLimit = readRefreshLimit(env)

  const refreshTokenKeys = env.byteKeys('REFRESH_TOKEN_KEYS', {
    section: 'keys',
    describe: 'Keys of refresh tokens, kid 0 to 255. The first makes tokens, all are accepted.',
    example: '1:',
  })
  const retiredKids = env.integers('REFRESH_TOKEN_RETIRED_KIDS', {
    default: [],
    min: 0,
    max: 255,
    section: 'keys',
    describe: 'Kids of leaked or lost keys: their tokens are refused for ever.',
  })
  // The key would win: tokens that the operator means to refuse would be accepted.
  for (const kid of retiredKids)
    if (refreshTokenKeys?.some((key) => key.kid === kid))
      env.fault(
        `REFRESH_TOKEN_RETIRED_KIDS names ${kid}, whose key is still in REFRESH_TOKEN_KEYS; remove it`,
      )

  return env.done({
    databaseUrl: readDatabaseUrl(env),
    databasePoolSize: env.integer('TOKEN_STORE_POOL_SIZE', {
      default: 10,
      min: 4,
      max: 200,
      section: 'tuning',
      describe: 'Most Postgres connections for requests and heartbeat; the relay has one more.',
    }),
    refreshTokenKeys,
    retiredKids,
    refreshTtlMs: days(
      'REFRESH_TOKEN_EXPIRE_DAYS',
      7,
      'Days that a session lives without a rotation.',
    ),
    sessionMaxMs: days('SESSION_MAX_DAYS', 30, 'Days until the user must sign in again.'),
    graceMs:
      env.decimal('REFRESH_GRACE_SECONDS', {
        default: 60,
        min: 0,
        max: 300,
        section: 'lifetimes',
        describe:
          'Grace window, in which a superseded refresh token gets the current one. ' +
          'Larger: safer for slow clients, and a theft is detected later (after two windows at most). ' +
          '0: a retry without `Idempotency-Key` ends its session.',
      }) * 1000,
    replayContext: env.oneOf('REPLAY_CONTEXT', ['warn', 'strict'], {
      default: 'warn',
      section: 'lifetimes',
      describe:
        '`strict` ends a session whose superseded token comes from another user agent, ' +
        'or for the third generation in a row from a network that never rotates ' +
        '([details](architecture.md#followers)). ' +
        'Set it only if each client always sends one `User-Agent` and your servers forward it.',
    }),
    rotationLimit: rotationLimit === 'off' ? null : rotationLimit,
    // Replays cost no event and no generation: honest racers may have five times as many.
    replayLimit:
      rotationLimit === 'off'
        ? null
        : { points: rotationLimit.points * 5, seconds: rotationLimit.seconds },
    sessionLimit: env.integer('SESSION_LIMIT', {
      default: 50,
      min: 1,
      max: 10_000,
      section: 'lifetimes',
      describe: 'Sessions per user; one more ends the one idle longest.',
    }),
  })
}
export type TokenStoreConfig = ReturnType<typeof parseTokenStoreConfig>

/** Reads the settings of a separate process: standalone calls the use cases directly. */
export function parseTokenStoreProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const http = readHttpAddress(env, 8100)
  return env.done({
    http,
    admin: readAdminAddress(env, { host: http.host, port: 9102 }),
    internalApiKeys: readInternalApiKeys(env),
    logLevel: readLogLevel(env),
  })
}
