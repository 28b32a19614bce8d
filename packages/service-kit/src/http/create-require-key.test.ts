import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createRequireKey } from './create-require-key.ts'

const KEYS = ['o'.repeat(32), 'k'.repeat(32)]

async function statusOf(keys: readonly string[], authorization: string): Promise<number> {
  const app = Fastify()
  app.get('/', { onRequest: createRequireKey(keys) }, () => ({}))
  const { statusCode } = await app.inject({ url: '/', headers: { authorization } })
  return statusCode
}

test('each of the keys is accepted, only as a bearer token', async () => {
  for (const key of KEYS) {
    expect(await statusOf(KEYS, `Bearer ${key}`)).toBe(200)
    for (const wrong of [`Bearer ${key}x`, `Bearer ${key.slice(1)}`, `bearer ${key}`, key])
      expect(await statusOf(KEYS, wrong)).toBe(403)
  }
})

test('without keys every request is refused, also one with an empty key', async () => {
  expect(await statusOf([], 'Bearer ')).toBe(403)
  expect(await statusOf([], '')).toBe(403)
})
