import { ConfigError } from '@auto-refresh/service-kit/config'
import { expect, test } from 'vitest'
import { parseAuthApiConfig, parseAuthApiProcessConfig } from './config.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')
const required = {
  DATABASE_URL: 'postgres://localhost/x',
  SIGNING_KEY_ENCRYPTION_KEYS: `k1:${key}`,
  USERNAME_HASH_KEY: key,
}
const parse = (environment: Record<string, string> = {}) =>
  parseAuthApiConfig({ ...required, ...environment })

function faultsOf(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

test('the defaults are those of the guide', () => {
  expect(parse()).toMatchObject({
    http: { host: '127.0.0.1', port: 8000 },
    tokens: {
      issuer: 'http://localhost:8000',
      audience: 'auto-refresh',
      accessTtlSeconds: 1800,
      dueThresholdSeconds: 300,
    },
    limits: {
      login: { points: 10, seconds: 300 },
      loginAddress: { points: 100, seconds: 300 },
      loginAccount: { points: 100, seconds: 3600 },
      refusedRefresh: { points: 60, seconds: 60 },
    },
    redisUrl: undefined,
    cookie: { secure: 'auto', sameSite: 'lax', domain: undefined },
    auditRetentionDays: 90,
  })
})

test.each([
  ['0.05', 3, 1.5],
  ['5', 300, 150],
  ['10', 600, 300],
])(
  'an access token of %s minutes lives %i s and is due %d s before its end',
  (minutes, ttl, threshold) => {
    expect(parse({ ACCESS_TOKEN_EXPIRE_MINUTES: minutes }).tokens).toMatchObject({
      accessTtlSeconds: ttl,
      dueThresholdSeconds: threshold,
    })
  },
)

test.each([
  [{ AUTO_REFRESH_THRESHOLD: '1800' }, 'AUTO_REFRESH_THRESHOLD must be shorter'],
  [{ NODE_ENV: 'production', ISSUER: 'http://auth.example.com' }, 'ISSUER must be https:'],
  [{ TRUSTED_PROXIES: '0.0.0.0/0' }, 'TRUSTED_PROXIES'],
  [
    { USERNAME_HASH_KEY: Buffer.alloc(32).toString('base64') },
    'USERNAME_HASH_KEY has too few different bytes',
  ],
  [{ API_KEYS: 'x'.repeat(40) }, 'API_KEYS'],
  [
    { REVOCATION_FEED_KEYS: 'x' },
    'REVOCATION_FEED_KEYS was replaced: set API_KEYS with the scope revocations:read instead',
  ],
  [{ RENEWAL_KEYS: 'x' }, 'RENEWAL_KEYS was replaced: set API_KEYS with the scope tokens:refresh'],
  [{ ACCESS_TOKEN_EXPIRE_MINUTES: '0.04' }, 'ACCESS_TOKEN_EXPIRE_MINUTES is out of range'],
  [{ ACCESS_TOKEN_EXPIRE_MINUTES: '1e3' }, 'ACCESS_TOKEN_EXPIRE_MINUTES is not a strict decimal'],
  [{ LOGIN_LIMIT: '10/3000000' }, 'LOGIN_LIMIT'],
  [{ REDIS_URL: 'http://localhost:6379' }, 'REDIS_URL'],
  [{ REDIS_URL: 'nonsense' }, 'REDIS_URL'],
  [{ REDIS_URL: 'redis:nonsense' }, 'REDIS_URL'],
  [{ COOKIE_DOMAIN: 'a;b' }, 'COOKIE_DOMAIN'],
  [{ ISSUER: 'not a url' }, 'ISSUER'],
  [{ COOKIE_SAMESITE: 'none', COOKIE_SECURE: 'false' }, 'COOKIE_SAMESITE'],
  [{ COOKIE_PARTITIONED: 'true' }, 'COOKIE_PARTITIONED'],
  [{ SIGNING_KEY_ENCRYPTION_KEYS: 'k1:AAAA' }, 'SIGNING_KEY_ENCRYPTION_KEYS'],
])('%o is a fault', (environment, fault) => {
  expect(faultsOf(() => parse(environment))).toEqual([expect.stringContaining(fault)])
})

test('all faults are reported at once, without secrets', () => {
  const faults = faultsOf(() =>
    parseAuthApiConfig({ USERNAME_HASH_KEY: 'hunter2hunter2', LOGIN_LIMIT: 'x' }),
  )
  expect(faults.map((fault) => fault.split(' ')[0])).toEqual(
    expect.arrayContaining([
      'DATABASE_URL',
      'SIGNING_KEY_ENCRYPTION_KEYS',
      'LOGIN_LIMIT',
      'USERNAME_HASH_KEY',
    ]),
  )
  expect(faults.join()).not.toContain('hunter2')
})

test('the two servers of a separate process need different ports', () => {
  const own = {
    TOKEN_STORE_URL: 'http://a:8100',
    CLEANUP_WORKER_URL: 'http://a:8110',
    INTERNAL_API_KEYS: 'abcdefgh'.repeat(4),
    PORT: '9101',
  }
  expect(faultsOf(() => parseAuthApiProcessConfig(own))).toEqual([
    expect.stringContaining('ADMIN_PORT is the same as PORT'),
  ])
})

test('a separate process requires the URLs and a key of the other services', () => {
  expect(faultsOf(() => parseAuthApiProcessConfig({}))).toHaveLength(3)
  const INTERNAL_API_KEYS = 'abcdefgh'.repeat(4)
  expect(
    parseAuthApiProcessConfig({
      TOKEN_STORE_URL: 'http://a:8100, http://b:8100',
      CLEANUP_WORKER_URL: 'http://c:8110',
      INTERNAL_API_KEYS,
      HOST: '0.0.0.0',
    }),
  ).toMatchObject({
    admin: { host: '0.0.0.0', port: 9101 },
    tokenStoreUrls: ['http://a:8100', 'http://b:8100'],
    cleanupWorkerUrls: ['http://c:8110'],
  })
})

test('in production only a loopback issuer may be http:, elsewhere any issuer may', () => {
  expect(parse({ NODE_ENV: 'production', ISSUER: 'http://localhost:8000' }).tokens.issuer).toBe(
    'http://localhost:8000',
  )
  expect(parse({ ISSUER: 'http://auth.internal:8000' }).tokens.issuer).toBe(
    'http://auth.internal:8000',
  )
})

test('without ISSUER replicas on several ports have the same issuer', () => {
  expect(parse({ PORT: '9000' }).tokens).toMatchObject({
    issuer: 'http://localhost:8000',
    issuerFollowsPort: false,
  })
})

test('a missing file of trusted issuers is named, and without the setting there is none', () => {
  expect(faultsOf(() => parse({ TRUSTED_ISSUERS: '/nowhere/issuers.json' }))).toEqual([
    expect.stringContaining('TRUSTED_ISSUERS (/nowhere/issuers.json) cannot be read'),
  ])
  expect(parse().trustedIssuers).toEqual([])
})
