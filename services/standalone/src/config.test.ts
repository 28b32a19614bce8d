import { ConfigError } from '@auto-refresh/service-kit/config'
import { expect, test } from 'vitest'
import { parseServiceConfigs, parseStandaloneConfig } from './config.ts'
import { generateKeys } from './generated-keys.ts'

test('without settings it listens on loopback, with an embedded Postgres and the demo user', () => {
  expect(parseStandaloneConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 8000,
    admin: { host: '127.0.0.1', port: 9101 },
    dataDir: expect.stringMatching(/\/data$/) as unknown,
    databaseUrl: undefined,
    demoPassword: 'password',
    playground: 'this machine',
  })
})

test('the wrong settings of all services are reported together, without values', () => {
  const parse = () =>
    parseStandaloneConfig({
      PORT: 'x',
      REFRESH_TOKEN_KEYS: 'my-secret',
      SESSION_LIMIT: '0',
      ACCESS_TOKEN_EXPIRE_MINUTES: '0x1',
      CLEANUP_INTERVAL_SECONDS: 'often',
      LOG_LEVEL: 'loud',
    })
  expect(parse).toThrow(ConfigError)
  for (const name of [
    'PORT',
    'REFRESH_TOKEN_KEYS',
    'SESSION_LIMIT',
    'ACCESS_TOKEN_EXPIRE_MINUTES',
    'CLEANUP_INTERVAL_SECONDS',
    'LOG_LEVEL',
  ])
    expect(parse).toThrow(name)
  expect(parse).not.toThrow('my-secret')
})

test('a DATA_DIR that cannot be created is reported with them, and nothing is created', () => {
  const parse = () => parseStandaloneConfig({ PORT: 'x', DATA_DIR: '/dev/null/x' })
  expect(parse).toThrow('PORT')
  expect(parse).toThrow('DATA_DIR cannot be used (ENOTDIR)')
})

test.each([
  {},
  {
    REFRESH_TOKEN_KEYS: `1:${Buffer.from(Array.from({ length: 32 }, (_, i) => i + 1)).toString('base64')}`,
  },
])('a retired key that is still configured is a wrong setting (%o)', (environment) => {
  expect(() =>
    parseStandaloneConfig({ ...environment, REFRESH_TOKEN_RETIRED_KIDS: '0,1' }),
  ).toThrow('REFRESH_TOKEN_RETIRED_KIDS names 1')
  expect(parseStandaloneConfig({ ...environment, REFRESH_TOKEN_RETIRED_KIDS: '0' })).toBeDefined()
})

test.each([
  { NODE_ENV: 'production' },
  { HOST: '0.0.0.0' },
  { HOST: '192.168.0.7' },
  { HOST: '::' },
  { ISSUER: 'https://auth.example.com' },
  { CORS_ALLOWED_ORIGINS: 'http://localhost:5173,https://app.example.com' },
  { TRUSTED_PROXIES: '127.0.0.1' },
  { COOKIE_DOMAIN: 'example.com' },
])(
  'if other machines can reach it (%o), no user has the password from the guide',
  (environment) => {
    expect(parseStandaloneConfig(environment).demoPassword).toBeUndefined()
    expect(
      parseStandaloneConfig({ ...environment, DEMO_USER_PASSWORD: 'correct horse battery' })
        .demoPassword,
    ).toBe('correct horse battery')
    expect(() => parseStandaloneConfig({ ...environment, DEMO_USER_PASSWORD: 'password' })).toThrow(
      'the well-known default',
    )
  },
)

test('the settings of a local front end keep the known password', () => {
  const environment = {
    ISSUER: 'http://localhost:8000',
    CORS_ALLOWED_ORIGINS: 'http://localhost:5173,http://127.0.0.1:3000',
    COOKIE_DOMAIN: 'localhost',
    HOST: '::1',
  }
  expect(parseStandaloneConfig(environment)).toMatchObject({
    demoPassword: 'password',
    allowDemoPassword: true,
  })
})

test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s is loopback', (HOST) => {
  expect(parseStandaloneConfig({ HOST }).demoPassword).toBe('password')
})

test('the playground is open to other machines only if configured', () => {
  const isOn = (environment: Record<string, string>) =>
    parseStandaloneConfig(environment).playground
  expect([
    isOn({ NODE_ENV: 'production' }),
    isOn({ HOST: '0.0.0.0' }),
    isOn({ PLAYGROUND: 'false' }),
  ]).toEqual(['off', 'off', 'off'])
  expect(isOn({ HOST: '0.0.0.0', PLAYGROUND: 'true' })).toBe('everybody')
})

test('a given setting overrides the default of standalone; an empty one counts as missing', () => {
  const keys = generateKeys()
  const ours = { keys, databaseUrl: 'postgres://ours/' }
  const given = `7:${Buffer.from(Array.from({ length: 32 }, (_, i) => i + 1)).toString('base64')}`
  const { tokenStore, authApi } = parseServiceConfigs(
    { REFRESH_TOKEN_KEYS: given, USERNAME_HASH_KEY: '' },
    ours,
  )
  expect(tokenStore.refreshTokenKeys).toEqual([
    { kid: 7, key: Buffer.from(Array.from({ length: 32 }, (_, i) => i + 1)) },
  ])
  expect(authApi.usernameHashKey).toEqual(Buffer.from(keys.USERNAME_HASH_KEY, 'base64'))
  expect([tokenStore.databaseUrl, authApi.databaseUrl]).toEqual([
    'postgres://ours/',
    'postgres://ours/',
  ])
})

test('a weak demo password is reported as a wrong setting', () => {
  const parse = () =>
    parseStandaloneConfig({
      PORT: 'x',
      DEMO_USER_PASSWORD: 'adminadminadmin',
      TRUSTED_PROXIES: '0.0.0.0/0',
    })
  for (const name of [
    'PORT',
    'DEMO_USER_PASSWORD is refused: The password is easy to guess',
    'TRUSTED_PROXIES',
  ])
    expect(parse).toThrow(name)
})

test.each([
  [{}, 'http://localhost:8000', true],
  [{ PORT: '9000' }, 'http://localhost:9000', true],
  [{ PORT: '0' }, 'http://localhost:8000', true],
  [{ PORT: '9000', ISSUER: 'https://auth.example' }, 'https://auth.example', false],
])('the issuer of %o follows the port unless it is set', (environment, issuer, follows) => {
  const { authApi } = parseServiceConfigs(environment, {
    keys: generateKeys(),
    databaseUrl: 'postgres://127.0.0.1/',
  })
  expect(authApi.tokens).toMatchObject({ issuer, issuerFollowsPort: follows })
})
