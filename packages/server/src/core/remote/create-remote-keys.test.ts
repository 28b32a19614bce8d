import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Answer, Question } from './ask.ts'
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
  const ask = vi.fn<(question: Question) => Promise<Answer>>(async () => first)
  const keys = createRemoteKeys({
    url: 'http://auth/jwks',
    ask,
    elapsedMs: () => performance.now(),
    log: { warn: () => undefined },
  })
  keys.start()
  await vi.waitFor(() => expect(ask).toHaveBeenCalled())
  return { keys, ask }
}

test('a known key costs no question', async () => {
  const { keys, ask } = await setUp()
  await keys.read
  expect(await keys.find('a')).toBeDefined()
  expect(ask).toHaveBeenCalledTimes(1)
  await keys.stop()
})

test('until the first keys have been read they are asked for each second: no request passes without', async () => {
  const { keys, ask } = await setUp({ ...answer(), status: 503 })
  await vi.advanceTimersByTimeAsync(3500)
  expect(ask).toHaveBeenCalledTimes(4)
  ask.mockResolvedValue(answer(jwk('a')))
  await vi.advanceTimersByTimeAsync(1000)
  await keys.read
  ask.mockRejectedValue(new Error('no connection'))
  await vi.advanceTimersByTimeAsync(300_000 + 9000)
  expect(ask).toHaveBeenCalledTimes(6)
  await keys.stop()
})

test('a new key is found at once, and made-up ones cause one question in five seconds', async () => {
  const { keys, ask } = await setUp()
  await keys.read
  await vi.advanceTimersByTimeAsync(5000)
  ask.mockResolvedValue(answer(jwk('a'), jwk('b')))
  expect(await keys.find('b')).toBeDefined()
  for (const kid of ['x', 'y', 'z']) expect(await keys.find(kid)).toBeUndefined()
  expect(ask).toHaveBeenCalledTimes(2)
  await vi.advanceTimersByTimeAsync(5000)
  expect(await Promise.all(['x', 'y', 'z'].map((kid) => keys.find(kid)))).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(ask).toHaveBeenCalledTimes(3)
  await keys.stop()
})

test('without auth-api the last good keys serve for a day; an unknown one is a 503, because nobody knows', async () => {
  const { keys, ask } = await setUp()
  await keys.read
  ask.mockRejectedValue(new Error('no connection'))
  await vi.advanceTimersByTimeAsync(DAY_MS - 1000)
  expect(await keys.find('a')).toBeDefined()
  await expect(keys.find('x')).rejects.toMatchObject({ code: 'unavailable' })
  await vi.advanceTimersByTimeAsync(2000)
  await expect(keys.find('a')).rejects.toMatchObject({ code: 'unavailable' })
  ask.mockResolvedValue(answer(jwk('a')))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await keys.find('a')).toBeDefined()
  await keys.stop()
})

test.each<[string, object]>([
  ['of another algorithm', jwk('a', { alg: 'ES384' })],
  ['of another type', { ...rsa, kid: 'a' }],
  ['that is secret and symmetric', { kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'HS256' }],
  ['for encryption', jwk('a', { use: 'enc' })],
  ['without a name', jwk('a', { kid: undefined })],
])('a key %s is none of ours', async (_, other) => {
  const { keys } = await setUp(answer(other, jwk('good')))
  await keys.read
  expect([await keys.find('a'), await keys.find('good')]).toEqual([undefined, expect.anything()])
  await keys.stop()
})

test.each<[string, Answer]>([
  ['an error', { ...answer(jwk('x')), status: 500 }],
  ['no key', answer()],
  ['a page of a proxy', { ...answer(), body: undefined }],
])('%s instead of the keys leaves the known ones alone', async (_, bad) => {
  const { keys, ask } = await setUp()
  await keys.read
  ask.mockResolvedValue(bad)
  await vi.advanceTimersByTimeAsync(600_000)
  expect(ask.mock.calls.length).toBeGreaterThan(10)
  expect(await keys.find('a')).toBeDefined()
  await keys.stop()
})

test('a key that is published no longer verifies for 30 s more: whether it was retired is told by the feed', async () => {
  const { keys, ask } = await setUp(answer(jwk('a'), jwk('b')))
  await keys.read
  ask.mockResolvedValue(answer(jwk('b')))
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

test('for ten seconds after a key was retired an unknown kid is looked for twice a second and is never called forged', async () => {
  const { keys, ask } = await setUp()
  await keys.read
  keys.expectChange()
  await expect(keys.find('successor')).rejects.toMatchObject({ code: 'unavailable' })
  await vi.advanceTimersByTimeAsync(500)
  ask.mockResolvedValue(answer(jwk('a'), jwk('successor')))
  expect(await keys.find('successor')).toBeDefined()
  await vi.advanceTimersByTimeAsync(9500)
  expect(await keys.find('made up')).toBeUndefined()
  await keys.stop()
})
