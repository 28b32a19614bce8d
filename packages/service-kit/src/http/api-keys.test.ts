import { CodedError, type ApiKey } from '@auto-refresh/contracts'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createRequireApiKey } from './api-keys.ts'

const key = (name: string, letter: string, ...scopes: ApiKey['scopes']): ApiKey => ({
  name,
  scopes,
  secret: letter.repeat(32),
})
const KEYS = [
  key('old', 'o', 'revocations:read'),
  key('reader', 'r', 'revocations:read', 'tokens:introspect'),
  key('writer', 'w', 'admin:write'),
]

/** A route for `revocations:read` that returns the actor; a refusal has its code and the actor. */
async function ask(keys: readonly ApiKey[], authorization?: string) {
  const app = Fastify()
  app.setErrorHandler((error, request, reply) =>
    error instanceof CodedError
      ? reply.code(error.statusCode).send([error.code, request.actor?.name ?? null])
      : reply.code(500).send([String(error), null]),
  )
  const onRequest = createRequireApiKey(keys)('revocations:read')
  app.get('/', { onRequest }, async ({ actor }) => [actor?.kind, actor?.name])
  const headers = authorization === undefined ? {} : { authorization }
  const answer = await app.inject({ url: '/', headers })
  return [answer.statusCode, ...answer.json<string[]>()]
}

test('a key with the scope is accepted, only as a bearer token, and its name is the actor', async () => {
  for (const [name, secret] of [
    ['old', 'o'.repeat(32)],
    ['reader', 'r'.repeat(32)],
  ] as const) {
    for (const authorization of [`Bearer ${secret}`, `bearer  ${secret}`])
      expect(await ask(KEYS, authorization)).toEqual([200, 'key', name])
    const wrong = [`${secret}x`, secret.slice(1), `${secret},${secret}`, `${name}=${secret}`]
    for (const authorization of [
      ...wrong.map((each) => `Bearer ${each}`),
      `Basic ${secret}`,
      secret,
    ])
      expect(await ask(KEYS, authorization)).toEqual([401, 'invalid_api_key', null])
  }
})

test('a key without the scope is refused as such, and its name is the actor', async () => {
  expect(await ask(KEYS, `Bearer ${'w'.repeat(32)}`)).toEqual([403, 'insufficient_scope', 'writer'])
})

test('without a key, and without configured keys, every request is refused', async () => {
  for (const authorization of [undefined, '', 'Bearer ', 'Bearer undefined'])
    for (const keys of [KEYS, []])
      expect(await ask(keys, authorization)).toEqual([401, 'invalid_api_key', null])
})
