import { LONGEST_ACCESS_TOKEN_SECONDS } from '@auto-refresh/contracts'
import { isLoopbackUrl } from '@auto-refresh/server/core'
import {
  findReplacedSettings,
  readAdminAddress,
  readAuditRetentionDays,
  readDatabaseUrl,
  readEnvironment,
  readHttpAddress,
  readInternalApiKeys,
  readLogLevel,
  readNodeEnv,
  readRedisUrl,
  readRefreshLimit,
  type Environment,
  type EnvironmentReader,
  type Limit,
} from '@auto-refresh/service-kit/config'
import { readTrustedIssuers } from './read-trusted-issuers.ts'

/** A timer cannot wait longer than 24 days: it would fire at once, and lift the limit. */
const MAX_WINDOW_SECONDS = 604_800
const DEFAULT_PORT = 8000

/** Reads the settings of the service. Throws a `ConfigError` that names every fault at once. */
export function parseAuthApiConfig(
  environment: Environment,
  /** whether the default of ISSUER has the port of this process, as in standalone */
  { issuerFollowsPort = false }: { issuerFollowsPort?: boolean } = {},
) {
  const env = readEnvironment(environment)
  const http = readHttpAddress(env, DEFAULT_PORT)
  const lifetimes = readLifetimes(env)
  const limits = readLimits(env)
  const issuer = env.url('ISSUER', {
    protocols: ['https:', 'http:'],
    // Replicas on several ports must use the same, so only standalone uses its own.
    default: `http://localhost:${(issuerFollowsPort && http.port) || DEFAULT_PORT}`,
    section: 'browsers',
    describe:
      'The public URL, and the claim `iss`, the same for all processes on one database. ' +
      'Its origin may use the cookie; standalone accepts its host name, and without it uses its `PORT`.',
  })
  if (readNodeEnv(env) === 'production' && issuer.startsWith('http:') && !isLoopbackUrl(issuer))
    env.fault('ISSUER must be https: with NODE_ENV=production, except for a loopback host')
  for (const fault of findReplacedSettings(environment)) env.fault(fault)

  return env.done({
    http,
    databaseUrl: readDatabaseUrl(env),
    redisUrl: readRedisUrl(env),
    databasePoolSize: env.integer('AUTH_API_POOL_SIZE', {
      default: 10,
      min: 1,
      max: 200,
      section: 'tuning',
      describe:
        'Most Postgres connections of a process for requests; one more listens to changed users. ' +
        'Raise it while `auth_db_pool_connections{state="waiting"}` stays above 0; ' +
        'all pools together must fit into `max_connections`.',
    }),
    tokens: {
      issuer,
      issuerFollowsPort: issuerFollowsPort && (environment['ISSUER'] ?? '') === '',
      audience: env.string('AUDIENCE', {
        default: 'auto-refresh',
        section: 'browsers',
        describe: 'The claim `aud`, the same for all that verify tokens.',
      }),
      ...lifetimes,
    },
    signingKeys: {
      encryptionKeys: env.keys('SIGNING_KEY_ENCRYPTION_KEYS', {
        section: 'keys',
        describe: 'Encrypt the signing keys at rest. The first encrypts, all decrypt.',
        example: '1:',
      }),
      rotationDays: 30,
    },
    limits,
    cors: {
      allowedOrigins: env.origins('CORS_ALLOWED_ORIGINS', {
        default: [],
        section: 'browsers',
        describe:
          'Exact origins of your front ends, which may send credentials: ' +
          '`https://app.example.com`, `capacitor://localhost`. Standalone without it: ' +
          'any port of localhost, without credentials.',
      }),
    },
    allowedHosts: env
      .hosts('ALLOWED_HOSTS', {
        default: [],
        section: 'browsers',
        describe: 'Further host names of standalone: `auth` for `http://auth:8000`.',
      })
      .map((host) => host.toLowerCase()),
    trustedProxies: env.addressBlocks('TRUSTED_PROXIES', {
      default: [],
      section: 'browsers',
      describe:
        'Addresses or blocks of your proxies, whose `X-Forwarded-For`, ' +
        '`-Proto` and `-Host` count; `Forwarded` never does. ' +
        'Without it all users behind a proxy share its limits.',
    }),
    cookie: readCookie(env),
    debugAutoRefresh: env.boolean('DEBUG_AUTO_REFRESH', {
      default: false,
      section: 'operations',
      describe: 'Logs each decision of the auto-refresh middleware.',
    }),
    auditRetentionDays: readAuditRetentionDays(env).records,
    usernameHashKey: env.key('USERNAME_HASH_KEY', {
      section: 'keys',
      describe:
        'User names appear in events and in `login_audit` as an HMAC under this key (base64), ' +
        'the same for all replicas.',
    }),
    trustedIssuers: readIssuers(env, issuer),
    apiKeys: env.apiKeys('API_KEYS', {
      default: [],
      section: 'keys',
      describe:
        'Keys of your back ends and operators, with [scopes](api.md#api-keys). ' +
        'The name appears in logs and in the audit trail.',
      example: 'my-api=revocations:read+tokens:refresh:',
    }),
  })
}
export type AuthApiConfig = ReturnType<typeof parseAuthApiConfig>

/** Reads the settings of a separate process: standalone has token-store and one admin server. */
export function parseAuthApiProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const { host } = readHttpAddress(env, DEFAULT_PORT)
  return env.done({
    admin: readAdminAddress(env, { host, port: 9101 }),
    logLevel: readLogLevel(env),
    tokenStoreUrls: env.urls('TOKEN_STORE_URL', {
      protocols: ['http:', 'https:'],
      section: 'services',
      describe: 'URLs of token-store. A host name with several addresses uses all of them.',
      example: 'http://localhost:8100',
    }),
    cleanupWorkerUrls: env.urls('CLEANUP_WORKER_URL', {
      protocols: ['http:', 'https:'],
      section: 'services',
      describe: 'URLs of cleanup-worker, which has the audit trail.',
      example: 'http://localhost:8110',
    }),
    internalApiKeys: readInternalApiKeys(env),
    /** auth-api is not ready and still serves, until balancers have seen it. */
    drainMs: 2000,
  })
}

function readIssuers(env: EnvironmentReader, ownIssuer: string) {
  const path = env.string('TRUSTED_ISSUERS', {
    default: undefined,
    section: 'browsers',
    describe: 'JSON file of [OIDC providers](api.md#token-exchange) whose ID tokens are exchanged.',
    example: '/etc/auto-refresh/issuers.json',
  })
  if (path === undefined) return []
  const { issuers, faults } = readTrustedIssuers(path)
  for (const fault of faults) env.fault(fault)
  if (issuers.some(({ issuer }) => issuer === ownIssuer))
    env.fault('TRUSTED_ISSUERS must not list ISSUER: our own tokens are refreshed, not exchanged')
  return issuers
}

function readLifetimes(env: EnvironmentReader) {
  const accessTtlSeconds = Math.round(
    60 *
      env.decimal('ACCESS_TOKEN_EXPIRE_MINUTES', {
        default: 30,
        min: 0.05,
        max: LONGEST_ACCESS_TOKEN_SECONDS / 60,
        section: 'lifetimes',
        describe:
          'Minutes that an access token lives. A back end that does not read the revocations ' +
          'accepts a stolen token, or an old role, for that time.',
      }),
  )
  const dueThresholdSeconds = env.decimal('AUTO_REFRESH_THRESHOLD', {
    default: Math.min(300, accessTtlSeconds / 2),
    min: 0,
    section: 'lifetimes',
    describe:
      'Seconds before its end from which an access token is refreshed; half its life where that is less than 300.',
  })
  if (dueThresholdSeconds >= accessTtlSeconds)
    env.fault('AUTO_REFRESH_THRESHOLD must be shorter than ACCESS_TOKEN_EXPIRE_MINUTES')
  return { accessTtlSeconds, dueThresholdSeconds }
}

function readLimits(env: EnvironmentReader) {
  const checkWindow = (name: string, value: Limit | 'off') => {
    if (value !== 'off' && value.seconds > MAX_WINDOW_SECONDS)
      env.fault(`${name} must have a window of at most ${MAX_WINDOW_SECONDS} seconds`)
    return value
  }
  const limit = (name: string, fallback: `${number}/${number}`, describe: string) =>
    checkWindow(name, env.limit(name, { default: fallback, section: 'limits', describe }))

  const refresh = checkWindow('REFRESH_LIMIT', readRefreshLimit(env))
  return {
    login: limit(
      'LOGIN_LIMIT',
      '10/300',
      'Failed sign-ins of a name from one address or known device. Over it: one try in 10 s.',
    ),
    loginAddress: limit(
      'LOGIN_IP_LIMIT',
      '100/300',
      'Failed sign-ins from one address. Over it: ' +
        'in 10 s one try of each name, and 30 of all names that never signed in from there.',
    ),
    loginAccount: limit(
      'LOGIN_ACCOUNT_LIMIT',
      '100/3600',
      'Failed sign-ins of a name from anywhere. Over it: ' +
        'one try in 10 s from each address where the user never signed in.',
    ),
    refusedRefresh: limit(
      'REFUSED_REFRESH_LIMIT',
      '60/60',
      'Refused refresh tokens: per address with a wrong MAC, per address with an unknown key, ' +
        'per session and address of an ended session. ' +
        'Tokens of live sessions are never limited by it.',
    ),
    // As many as token-store allows replays: an auto-refresh that is not due changes nothing.
    notDue: refresh === 'off' ? refresh : { ...refresh, points: refresh.points * 5 },
  }
}

function readCookie(env: EnvironmentReader) {
  const cookie = {
    secure: env.oneOf('COOKIE_SECURE', ['auto', 'true', 'false'], {
      default: 'auto',
      section: 'browsers',
      describe: '`true` behind TLS. `auto` omits Secure only on plain http to this machine itself.',
    }),
    sameSite: env.oneOf('COOKIE_SAMESITE', ['lax', 'strict', 'none'], {
      default: 'lax',
      section: 'browsers',
      describe: '`none` only for a front end on another site; it needs Secure.',
    }),
    domain: env.domain('COOKIE_DOMAIN', {
      default: undefined,
      section: 'browsers',
      describe:
        'Sends the cookie to all hosts of a domain, ' +
        'without the [protection of `__Host-`](decisions/0031-refresh-cookies-are-chosen-by-authenticity.md).',
    }),
    partitioned: env.boolean('COOKIE_PARTITIONED', {
      default: false,
      section: 'browsers',
      describe:
        'One cookie per top-level site (CHIPS), for a front end in a frame of another site. ' +
        'Needs `COOKIE_SAMESITE=none`.',
    }),
  }
  if (cookie.sameSite === 'none' && cookie.secure === 'false')
    env.fault('COOKIE_SAMESITE=none needs a Secure cookie: browsers drop it otherwise')
  if (cookie.partitioned && cookie.sameSite !== 'none')
    env.fault(
      'COOKIE_PARTITIONED=true needs COOKIE_SAMESITE=none: browsers send no other cookie in a frame of another site',
    )
  return cookie
}
