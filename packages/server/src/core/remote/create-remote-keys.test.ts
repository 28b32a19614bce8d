import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Answer, AuthApiRequest } from './call-auth-api.ts'
import { createRemoteKeys } from './create-remote-keys.ts'

const DAY_MS = 86_400_000
const pair = await generateKeyPair('ES256', { extractable: true })
const publicJwk = await exportJWK(pair.publicKey)
const rsa = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)
const jwk = (kid: string, change: object = {}) => ({
  ...publicJwk,
  kid,
  alg: 'ES256',
  use: 'sig',
  ...change,
})
const answer = (...keys: object[]): Answer => ({
  status: 200,
  headers: new Headers(),
  body: { keys },
})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

async function setUp(first: Answer = answer(jwk('a'))) {
  const callAuthApi = vi.fn<(question: AuthApiRequest) => Promise<Answer>>(async () => first)
  const keys = createRemoteKeys({
    url: 'http://auth/jwks',
    callAuthApi,
    elapsedMs: () => performance.now(),
    log: { warn: () => undefined },
  })
  keys.start()
  await vi.waitFor(() => expect(callAuthApi).toHaveBeenCalled())
  return { keys, callAuthApi }
}

test('a known key causes no request', async () => {
  const { keys, callAuthApi } = await setUp()
  await keys.read
  expect(await keys.find('a')).toBeDefined()
  expect(callAuthApi).toHaveBeenCalledTimes(1)
  await keys.stop()
})

test('until the first keys are read they are requested every second', async () => {
  const { keys, callAuthApi } = await setUp({ ...answer(), status: 503 })
  await vi.advanceTimersByTimeAsync(3500)
  expect(callAuthApi).toHaveBeenCalledTimes(4)
  callAuthApi.mockResolvedValue(answer(jwk('a')))
  await vi.advanceTimersByTimeAsync(1000)
  await keys.read
  callAuthApi.mockRejectedValue(new Error('no connection'))
  await vi.advanceTimersByTimeAsync(300_000 + 9000)
  expect(callAuthApi).toHaveBeenCalledTimes(6)
  await keys.stop()
})

test('a new key is found at once, and invented ones cause one request in five seconds', async () => {
  const { keys, callAuthApi } = await setUp()
  await keys.read
  await vi.advanceTimersByTimeAsync(5000)
  callAuthApi.mockResolvedValue(answer(jwk('a'), jwk('b')))
  expect(await keys.find('b')).toBeDefined()
  for (const kid of ['x', 'y', 'z']) expect(await keys.find(kid)).toBeUndefined()
  expect(callAuthApi).toHaveBeenCalledTimes(2)
  await vi.advanceTimersByTimeAsync(5000)
  expect(await Promise.all(['x', 'y', 'z'].map((kid) => keys.find(kid)))).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(callAuthApi).toHaveBeenCalledTimes(3)
  await keys.stop()
})

test('while auth-api is unavailable known keys stay valid for a day, and an unknown kid is a 503', async () => {
  const { keys, callAuthApi } = await setUp()
  await keys.read
  callAuthApi.mockRejectedValue(new Error('no connection'))
  await vi.advanceTimersByTimeAsync(DAY_MS - 1000)
  expect(await keys.find('a')).toBeDefined()
  await expect(keys.find('x')).rejects.toMatchObject({ code: 'unavailable' })
  await vi.advanceTimersByTimeAsync(2000)
  await expect(keys.find('a')).rejects.toMatchObject({ code: 'unavailable' })
  callAuthApi.mockResolvedValue(answer(jwk('a')))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await keys.find('a')).toBeDefined()
  await keys.stop()
})

test.each<[string, object]>([
  ['of another algorithm', jwk('a', { alg: 'ES384' })],
  ['of another type', { ...rsa, kid: 'a' }],
  ['that is secret and symmetric', { kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'HS256' }],
  ['for encryption', jwk('a', { use: 'enc' })],
  ['without a kid', jwk('a', { kid: undefined })],
])('a key %s is ignored', async (_, other) => {
  const { keys } = await setUp(answer(other, jwk('good')))
  await keys.read
  expect([await keys.find('a'), await keys.find('good')]).toEqual([undefined, expect.anything()])
  await keys.stop()
})

test.each<[string, Answer]>([
  ['an error', { ...answer(jwk('x')), status: 500 }],
  ['no key', answer()],
  ['a page of a proxy', { ...answer(), body: undefined }],
])('%s instead of a key set leaves the known keys in use', async (_, bad) => {
  const { keys, callAuthApi } = await setUp()
  await keys.read
  callAuthApi.mockResolvedValue(bad)
  await vi.advanceTimersByTimeAsync(600_000)
  expect(callAuthApi.mock.calls.length).toBeGreaterThan(10)
  expect(await keys.find('a')).toBeDefined()
  await keys.stop()
})

test('a key that is no longer published stays valid for 30 s, until the feed can report a retirement', async () => {
  const { keys, callAuthApi } = await setUp(answer(jwk('a'), jwk('b')))
  await keys.read
  callAuthApi.mockResolvedValue(answer(jwk('b')))
  await vi.advanceTimersByTimeAsync(300_000)
  expect([await keys.find('a'), await keys.find('b')]).toEqual([
    expect.anything(),
    expect.anything(),
  ])
  await vi.advanceTimersByTimeAsync(15_000)
  expect(await keys.find('made up')).toBeUndefined()
  expect(await keys.find('a')).toBeDefined()
  await vi.advanceTimersByTimeAsync(15_000)
  expect(await keys.find('a')).toBeUndefined()
  await keys.stop()
})

test('for ten seconds after a retirement an unknown kid is looked up twice a second and never called invalid', async () => {
  const { keys, callAuthApi } = await setUp()
  await keys.read
  keys.expectChange()
  await expect(keys.find('successor')).rejects.toMatchObject({ code: 'unavailable' })
  await vi.advanceTimersByTimeAsync(500)
  callAuthApi.mockResolvedValue(answer(jwk('a'), jwk('successor')))
  expect(await keys.find('successor')).toBeDefined()
  await vi.advanceTimersByTimeAsync(9500)
  expect(await keys.find('made up')).toBeUndefined()
  await keys.stop()
})
