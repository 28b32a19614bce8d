import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT, type JWK } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createIssuerKeys, IssuerUnavailableError } from './create-issuer-keys.ts'

const key = await generateKeyPair('ES256', { extractable: true })
let jwk: JWK
let url: string
/** What the provider answers, and which paths were asked for. */
let answers: Record<string, { status?: number; body: unknown; headers?: Record<string, string> }>
let asked: string[]

const server = createServer((request, response) => {
  const {
    status = 200,
    body,
    headers = {},
  } = answers[request.url ?? ''] ?? { status: 404, body: {} }
  asked.push(request.url ?? '')
  if (status === 0) return
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
})
beforeAll(async () => {
  jwk = { ...(await exportJWK(key.publicKey)), kid: 'one', alg: 'ES256' }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
const DISCOVERY = '/.well-known/openid-configuration'
beforeEach(() => {
  asked = []
  answers = {
    [DISCOVERY]: { body: { issuer: url, jwks_uri: `${url}/keys` } },
    '/keys': { body: { keys: [jwk] } },
  }
})

const sign = (kid = 'one') =>
  new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(key.privateKey)
const open = (jwksUri?: string) => createIssuerKeys({ issuer: url, jwksUri })

test('keys are found by discovery and read once, also by concurrent calls', async () => {
  const keys = open()
  await Promise.all(Array.from({ length: 5 }, async () => jwtVerify(await sign(), keys)))
  await jwtVerify(await sign(), keys)
  expect(asked).toEqual([DISCOVERY, '/keys'])
})

test('with a jwks_uri there is no discovery', async () => {
  await jwtVerify(await sign(), open(`${url}/keys`))
  expect(asked).toEqual(['/keys'])
})

test('a flood of unknown kids reads the keys once in a while only', async () => {
  const keys = open(`${url}/keys`)
  for (let n = 0; n < 20; n += 1)
    await expect(jwtVerify(await sign(`kid-${n}`), keys)).rejects.toMatchObject({
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    })
  expect(asked).toEqual(['/keys'])
})

test.each<[string, () => void]>([
  ['responds 500', () => void (answers['/keys'] = { status: 500, body: {} })],
  ['has no key set', () => void (answers['/keys'] = { body: { keys: 'none' } })],
  ['does not respond', () => void (answers['/keys'] = { status: 0, body: {} })],
  [
    'redirects its keys',
    () => void (answers['/keys'] = { status: 302, body: {}, headers: { location: '/other' } }),
  ],
  ['has no discovery', () => void delete answers[DISCOVERY]],
  [
    'names another issuer',
    () => void (answers[DISCOVERY] = { body: { issuer: 'x', jwks_uri: `${url}/keys` } }),
  ],
  [
    'names keys over plain http elsewhere',
    () =>
      void (answers[DISCOVERY] = { body: { issuer: url, jwks_uri: 'http://idp.example/keys' } }),
  ],
  ['has an empty discovery', () => void (answers[DISCOVERY] = { body: null })],
])('an issuer that %s is unavailable, and works as soon as it recovers', async (_, breakIt) => {
  const good = { ...answers }
  breakIt()
  const keys = open()
  await expect(jwtVerify(await sign(), keys)).rejects.toBeInstanceOf(IssuerUnavailableError)
  answers = good
  await jwtVerify(await sign(), keys)
})

test('keys that the issuer moved are found by the next discovery', async () => {
  const keys = open()
  await jwtVerify(await sign(), keys)
  answers = {
    [DISCOVERY]: { body: { issuer: url, jwks_uri: `${url}/moved` } },
    '/moved': { body: { keys: [jwk] } },
  }
  await jwtVerify(await sign(), keys)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
  try {
    await expect(jwtVerify(await sign(), keys)).rejects.toBeInstanceOf(IssuerUnavailableError)
    await jwtVerify(await sign(), keys)
  } finally {
    vi.useRealTimers()
  }
  expect(asked).toEqual([DISCOVERY, '/keys', '/keys', DISCOVERY, '/moved'])
})

test('an https issuer does not lead to plain http on this machine', async () => {
  const { fetch } = globalThis
  const issuer = 'https://idp.example'
  vi.stubGlobal('fetch', (...args: Parameters<typeof fetch>) =>
    args[0] === `${issuer}${DISCOVERY}`
      ? Promise.resolve(Response.json({ issuer, jwks_uri: `${url}/keys` }))
      : fetch(...args),
  )
  try {
    await expect(jwtVerify(await sign(), createIssuerKeys({ issuer }))).rejects.toBeInstanceOf(
      IssuerUnavailableError,
    )
  } finally {
    vi.unstubAllGlobals()
  }
  expect(asked).toEqual([])
})
