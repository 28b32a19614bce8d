import { randomBytes } from 'node:crypto'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ConfigError } from '@auto-refresh/contracts'
import { parseTogether } from './parse-together.ts'
import { readEnvironment, type EnvironmentReader } from './read-environment.ts'

const key = randomBytes(32).toString('base64')

function faultsOf(
  value: string | undefined,
  read: (env: EnvironmentReader) => unknown,
): readonly string[] {
  const env = readEnvironment({ X: value })
  read(env)
  return faultsIn(env)
}

function faultsIn(env: EnvironmentReader): readonly string[] {
  try {
    env.done({})
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

describe('a setting', () => {
  test('takes its default when it is absent or empty', () => {
    const env = readEnvironment({ EMPTY: '' })
    expect([
      env.integer('EMPTY', { default: 7 }),
      env.string('ABSENT', { default: undefined }),
      env.list('ABSENT', { default: [] }),
    ]).toEqual([7, undefined, []])
    expect(env.done('ready')).toBe('ready')
  })

  test('without a default is required', () => {
    expect(faultsOf('', (env) => env.integer('X', { min: 1 }))).toEqual([
      'X is missing; expected a whole number at least 1',
    ])
  })

  test('has a type that follows from its default', () => {
    const env = readEnvironment({ X: 'a' })
    expectTypeOf(env.string('X')).toEqualTypeOf<string>()
    expectTypeOf(env.string('X', { default: undefined })).toEqualTypeOf<string | undefined>()
    expectTypeOf(env.integer('N', { default: 5 })).toEqualTypeOf<number>()
    expectTypeOf(env.oneOf('X', ['a', 'b'], { default: 'b' })).toEqualTypeOf<'a' | 'b'>()
    expectTypeOf(env.byteKeys('X')).toEqualTypeOf<{ kid: number; key: Buffer }[]>()
  })
})

test.each<[string, string[], string[], (env: EnvironmentReader) => unknown]>([
  [
    'a whole number',
    ['0', '-3', '300'],
    ['0x10', '1e3', ' 5', '5 ', '+5', '05', '1.0', 'NaN', 'Infinity', '9007199254740993', '1_000'],
    (env) => env.integer('X'),
  ],
  [
    'a decimal',
    ['0.05', '30', '-1.5'],
    ['.5', '5.', '0x1', '1e-3', '1,5', '9'.repeat(400)],
    (env) => env.decimal('X'),
  ],
  [
    'a number in a range',
    ['1', '9'],
    ['0', '10', '11'],
    (env) => env.integer('X', { min: 1, max: 10, below: 10 }),
  ],
  ['a boolean', ['true', 'false'], ['TRUE', '1', 'yes', 'on'], (env) => env.boolean('X')],
  ['one of', ['warn', 'strict'], ['Warn', 'toString'], (env) => env.oneOf('X', ['warn', 'strict'])],
  ['a text', ['a b', 'Größe'], ['a\nb', 'a\u0000'], (env) => env.string('X')],
  [
    'a URL',
    [
      'postgres://u:p@h:5432/d',
      'postgres://u:p@/d?host=/run/postgresql',
      'postgres:///d?host=/tmp',
    ],
    ['http://h', 'http://u:p@/d', 'h:5432', 'postgres', 'postgres:', 'postgres:x'],
    (env) => env.url('X', { protocols: ['postgres:', 'postgresql:'] }),
  ],
  [
    'URLs',
    ['http://a:1/b', 'http://a:1, https://b'],
    ['http://a,', 'http://a,ftp://b', 'a:1', 'http://a,http://a'],
    (env) => env.urls('X', { protocols: ['http:', 'https:'] }),
  ],
  [
    'origins',
    [
      'https://a.example',
      'https://a.example, http://localhost:5173',
      'capacitor://localhost',
      'ionic://localhost',
      'tauri://localhost',
      'chrome-extension://abcdefghijklmnop',
    ],
    [
      'capacitor://',
      'capacitor://localhost/',
      'capacitor:localhost',
      'app://a b',
      'file://localhost',
      'HTTPS://a.example',
      '*',
      'null',
      'https://a.example/',
      'https://A.example',
      'ftp://a',
      'https://a.example,,',
      'https://a.example:443',
    ],
    (env) => env.origins('X'),
  ],
  [
    'address blocks',
    ['10.0.0.1', '10.0.0.0/8,::1,fd00::/8'],
    ['10.0.0', '10.0.0.0/33', '0.0.0.0/0', '::/0', '10.0.0.0/', '::1/129', '::1/8/8', 'localhost'],
    (env) => env.addressBlocks('X'),
  ],
  [
    'endpoints',
    ['kafka:9092', 'a:1,[::1]:2'],
    ['kafka', 'kafka:', ':9092', 'kafka:0', 'kafka:70000', 'ka fka:1'],
    (env) => env.endpoints('X'),
  ],
  [
    'a limit',
    ['10/300', 'off'],
    ['10', '0/300', '10/0', '10/300/1', 'OFF', '-1/3', '1.5/3'],
    (env) => env.limit('X', { default: '10/300' }),
  ],
  [
    'a key',
    [key],
    [
      'short',
      Buffer.alloc(32).toString('base64'),
      Buffer.from('changeme'.repeat(5)).toString('base64'),
      `${key}=`,
      key.replace('=', ''),
      randomBytes(31).toString('base64'),
    ],
    (env) => env.key('X'),
  ],
  [
    'keys',
    [`a:${key}`, `2026-11:${key},b:${key}`],
    [key, `:${key}`, `a b:${key}`, `a:${key},a:${key}`, 'a:short'],
    (env) => env.keys('X'),
  ],
  [
    'keys with a byte as kid',
    [`0:${key}`, `255:${key},1:${key}`],
    [`256:${key}`, `-1:${key}`, `01:${key}`, `a:${key}`, `1:${key},1:${key}`],
    (env) => env.byteKeys('X'),
  ],
  [
    'kids',
    ['1,2', '255'],
    ['256', '1,1', '1,', 'a'],
    (env) => env.integers('X', { min: 0, max: 255 }),
  ],
  [
    'secrets',
    ['abcdefgh'.repeat(4)],
    ['abcdefgh'.repeat(3), `${'abcdefgh'.repeat(4)},`, 'abcde gh'.repeat(20), 'x'.repeat(32)],
    (env) => env.secrets('X'),
  ],
  [
    'a domain',
    ['example.com', '.example.com', 'localhost'],
    ['a;b', 'a b', 'a..b', '-a', 'a.', 'https://a', 'a:80', 'ä.de'],
    (env) => env.domain('X'),
  ],
  [
    'an address',
    ['127.0.0.1', '::', 'localhost', 'a.b-c'],
    ['http://a', 'a b', 'a:80', '-'.repeat(3) + '.'],
    (env) => env.address({ host: 'X', port: 'PORT' }, { port: 0 }),
  ],
])('%s is accepted when it is valid, and reported when it is not', (_, right, wrong, read) => {
  expect(right.filter((value) => faultsOf(value, read).length > 0)).toEqual([])
  expect(wrong.filter((value) => faultsOf(value, read).length !== 1)).toEqual([])
  expect(
    wrong
      .flatMap((value) => faultsOf(value, read))
      .filter((fault) => !/^X .+; expected .+/.test(fault)),
  ).toEqual([])
})

test('a text becomes the value that it describes', () => {
  const env = readEnvironment({
    K: `7:${key}`,
    L: '60/30',
    H: '::1',
    P: '8000',
    O: 'https://a.example , https://b.example',
    D: '0.05',
  })
  expect(env.byteKeys('K')).toEqual([{ kid: 7, key: Buffer.from(key, 'base64') }])
  expect([env.limit('L', { default: 'off' }), env.limit('M', { default: '5/10' })]).toEqual([
    { points: 60, seconds: 30 },
    { points: 5, seconds: 10 },
  ])
  expect(env.address({ host: 'H', port: 'P' }, {})).toEqual({ host: '::1', port: 8000 })
  expect(env.origins('O')).toEqual(['https://a.example', 'https://b.example'])
  expect(env.decimal('D')).toBe(0.05)
})

test.each([
  [{ P: '8000', A: '8000' }, ['A is the same as P; each needs a port of its own']],
  [{ P: '8000', A: '8000', AH: '::1' }, []],
  [{ P: '0', A: '0' }, []],
  [{ P: '8000', A: '8001' }, []],
])('two servers cannot share an address: %o', (environment, expected) => {
  const env = readEnvironment(environment)
  const { host } = env.address({ host: 'H', port: 'P' }, { host: '127.0.0.1' })
  env.address({ host: 'AH', port: 'A' }, { host })
  expect(faultsIn(env)).toEqual(expected)
})

test('all faults are reported at once, and none repeats a secret', () => {
  const env = readEnvironment({
    PORT: '80a',
    KEYS: '1:c2hvcnQtc2VjcmV0',
    DATABASE_URL: 'mysql://root:hunter2@db',
  })
  const config = {
    port: env.integer('PORT'),
    keys: env.byteKeys('KEYS'),
    url: env.url('DATABASE_URL', { protocols: ['postgres:'] }),
    name: env.string('NAME'),
  }
  env.fault('A and B do not fit together')
  expect(() => env.done(config)).toThrow(ConfigError)
  expect(() => env.done(config)).toThrow(
    /^5 settings are wrong:\n {2}PORT .*\n {2}KEYS .*shorter than 32 bytes.*\n {2}DATABASE_URL .*\n {2}NAME is missing.*\n {2}A and B/,
  )
  expect(() => env.done(config)).not.toThrow(/hunter2|c2hvcnQ/)
})

const parse = (names: string[]) => () => {
  const env = readEnvironment({})
  return env.done(names.map((name) => env.string(name)))
}

test('several parsers report their faults together, each once', () => {
  expect(() => parseTogether({ a: parse(['X', 'Y']), b: parse(['Y', 'Z']) })).toThrow(
    /^3 settings are wrong:/,
  )
  expect(parseTogether({ a: () => 1, b: () => 'two' })).toEqual({ a: 1, b: 'two' })
  expect(() =>
    parseTogether({
      a: () => {
        throw new TypeError('a bug')
      },
    }),
  ).toThrow(TypeError)
})
