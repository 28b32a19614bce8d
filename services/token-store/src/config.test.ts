import { expect, test } from 'vitest'
import { parseTokenStoreConfig } from './config.ts'

const KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')
const parse = (environment: Record<string, string> = {}) =>
  parseTokenStoreConfig({
    DATABASE_URL: 'postgres://localhost/x',
    REFRESH_TOKEN_KEYS: `1:${KEY}`,
    ...environment,
  })

test('the defaults are those of the guide', () => {
  expect(parse()).toMatchObject({
    refreshTtlMs: 7 * 86_400_000,
    sessionMaxMs: 30 * 86_400_000,
    graceMs: 60_000,
    replayContext: 'warn',
    rotationLimit: { points: 60, seconds: 60 },
    replayLimit: { points: 300, seconds: 60 },
    sessionLimit: 50,
  })
})

test('without a limit of rotations there is none of replays', () => {
  expect(parse({ REFRESH_LIMIT: 'off' })).toMatchObject({ rotationLimit: null, replayLimit: null })
})

test('a retired kid whose key is still configured is a fault', () => {
  expect(() => parse({ REFRESH_TOKEN_RETIRED_KIDS: '0,1' })).toThrow(
    'REFRESH_TOKEN_RETIRED_KIDS names 1, whose key is still in REFRESH_TOKEN_KEYS',
  )
})

test('all faults are reported at once', () => {
  expect(() => parse({ REFRESH_GRACE_SECONDS: '301', SESSION_LIMIT: '0' })).toThrow(
    /^2 settings are wrong:\n {2}REFRESH_GRACE_SECONDS is out of range.*\n {2}SESSION_LIMIT is out/,
  )
})
