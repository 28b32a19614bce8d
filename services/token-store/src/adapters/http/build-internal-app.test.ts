import { CodedError, type RotateRequest, type TokenStore } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import { buildInternalApp } from './build-internal-app.ts'

const KEY = 'k'.repeat(32)
const item: RotateRequest = {
  token: 'art_x',
  context: { network: 'n', agent: 'a' },
  accessTtlSeconds: 60,
}
const seen: RotateRequest[] = []
const tokenStore = {
  async rotate(request: RotateRequest) {
    seen.push(request)
    if (request.token === 'down') throw new CodedError('unavailable')
    return request.token === 'bad'
      ? { outcome: 'invalid', mac: false }
      : { outcome: 'revoked', sessionId: '0198f0a0-0000-7000-8000-000000000001', reason: 'logout' }
  },
} as unknown as TokenStore
let isUp = true
const app = buildInternalApp({
  tokenStore,
  apiKeys: ['o'.repeat(32), KEY],
  isUp: () => isUp,
  onError: () => {},
})
const post = (
  payload: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${KEY}` },
  path = 'rotate',
) =>
  app.inject({ method: 'POST', url: `/internal/v1/${path}`, payload: payload as object, headers })

test('results are in the order of the items, and a failure affects only its own item', async () => {
  const answer = await post({
    items: [{ ...item, token: 'bad' }, { ...item, token: 'down' }, item],
  })
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toEqual({
    results: [
      { outcome: 'invalid', mac: false },
      { error: 'unavailable' },
      { outcome: 'revoked', sessionId: '0198f0a0-0000-7000-8000-000000000001', reason: 'logout' },
    ],
  })
})

describe('a call without a valid key is refused', () => {
  test.each<Record<string, string>>([
    {},
    { authorization: '' },
    { authorization: `Bearer ${KEY}x` },
    { authorization: `bearer ${KEY}` },
    { authorization: `Bearer ${KEY.slice(1)}` },
    { authorization: `Basic ${KEY}` },
  ])('%o', async (headers) => {
    const before = seen.length
    const answer = await post({ items: [item] }, headers)
    expect(answer.statusCode).toBe(403)
    expect(answer.json().error.code).toBe('forbidden')
    expect(seen).toHaveLength(before)
  })
})

describe('a request that does not match the schema is rejected before any use case', () => {
  test.each<[string, unknown]>([
    ['no items', { items: [] }],
    ['too many', { items: Array.from({ length: 257 }, () => item) }],
    ['a number for a token', { items: [{ ...item, token: 5 }] }],
    ['an unknown property', { items: [{ ...item, extra: true }] }],
    ['an invalid session id', { items: [{ ...item, expectedSessionId: 'x' }] }],
    ['an idempotency key with blanks', { items: [{ ...item, idempotencyKey: 'a b' }] }],
    ['a ttl of 0', { items: [{ ...item, accessTtlSeconds: 0 }] }],
    ['an array', []],
  ])('%s', async (_, payload) => {
    const before = seen.length
    const answer = await post(payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({
      status: 400,
      data: null,
      error: { code: 'invalid_request', retryable: false },
    })
    expect(seen).toHaveLength(before)
  })

  test('another content type, an unknown path', async () => {
    expect(
      (
        await app.inject({
          method: 'POST',
          url: '/internal/v1/rotate',
          payload: 'x',
          headers: { authorization: `Bearer ${KEY}`, 'content-type': 'text/plain' },
        })
      ).statusCode,
    ).toBe(415)
    expect((await post({}, undefined, 'nothing')).statusCode).toBe(404)
  })
})

test('a replica that is not up refuses every call, so that the caller asks another', async () => {
  isUp = false
  const before = seen.length
  const answer = await post({ items: [item] })
  isUp = true
  expect([answer.statusCode, answer.json().error.code, seen.length]).toEqual([
    503,
    'unavailable',
    before,
  ])
})
