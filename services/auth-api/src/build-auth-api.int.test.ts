import { randomUUID } from 'node:crypto'
import { CodedError, type AnyEvent, type RotateResult } from '@auto-refresh/contracts'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { createLogger, createMetrics } from '@auto-refresh/service-kit/telemetry'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildAuthApi } from './build-auth-api.ts'
import { parseAuthApiConfig } from './config.ts'
import { aSession, aTokenStore } from './testing/fakes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')
const PASSWORD = 'correct horse battery'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let closers: (() => Promise<void>)[] = []
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  for (const close of closers.toReversed()) await close()
  closers = []
  await database.close()
})

/** Starts auth-api on a real port and database, over a fake token-store with one session. */
async function start(environment: Record<string, string> = {}) {
  const tokenStore = aTokenStore()
  const id = randomUUID()
  let owner = { userId: '', userVersion: 0 }
  const session = () => ({
    ...aSession({
      id,
      authenticatedAtMs: Date.now(),
      expiresAtMs: Date.now() + 86_400_000,
      idleUntilMs: Date.now() + 604_800_000,
    }),
    ...owner,
  })
  const rotated = (token: string): RotateResult => ({
    outcome: 'rotated',
    token,
    session: session(),
    intervalSeconds: 1,
  })
  tokenStore.issue.mockImplementation(async ({ userId, userVersion }) => {
    owner = { userId, userVersion }
    return { outcome: 'issued', token: 'art_token0', session: session() }
  })
  tokenStore.rotate.mockImplementation(async () => rotated('art_token1'))
  tokenStore.peek.mockImplementation(async () => ({ outcome: 'rotated', session: session() }))
  tokenStore.inspect.mockImplementation(async () => ({
    outcome: 'found',
    active: true,
    session: session(),
  }))
  tokenStore.revokeSession.mockResolvedValue({ outcome: 'revoked' })
  tokenStore.revocations.mockImplementation(async () => ({ nowMs: Date.now(), revocations: [] }))

  const lines: string[] = []
  const bus = createInProcessBus()
  const authApi = buildAuthApi({
    config: parseAuthApiConfig({
      DATABASE_URL: database.url,
      SIGNING_KEY_ENCRYPTION_KEYS: `k1:${key}`,
      USERNAME_HASH_KEY: key,
      PORT: '0',
      ...environment,
    }),
    tokenStore,
    publisher: {
      publish: (topic: string, events: readonly AnyEvent[]) => bus.publish(topic, events),
    },
    subscriber: bus,
    logger: createLogger({
      service: 'auth-api',
      level: 'info',
      destination: { write: (line) => void lines.push(line) },
    }),
    metrics: createMetrics({ service: 'auth-api', version: 'test' }),
  })
  closers.push(() => authApi.stop())
  const { url } = await authApi.start()
  await authApi.users.add({ username: 'ada', password: PASSWORD }, { kind: 'system', name: 'test' })

  const call = async (
    method: 'GET' | 'POST',
    path: string,
    { body, headers = {} }: { body?: object; headers?: Record<string, string> } = {},
  ) => {
    const answer = await fetch(`${url}/api/v1/auth${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    })
    const answered: unknown = await answer.json()
    return {
      status: answer.status,
      headers: answer.headers,
      body: answered as { data: Record<string, unknown>; error: { code: string } },
    }
  }
  const signIn = async () => {
    const { data } = (
      await call('POST', '/token', { body: { username: 'ada', password: PASSWORD } })
    ).body
    return { token: String(data['access_token']), data }
  }
  return { authApi, url, call, signIn, tokenStore, rotated, lines }
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('a sign-in over HTTP returns a token that the JWKS verifies, /me accepts, and a logout revokes', async () => {
  const { call, signIn, url, lines } = await start()
  const { token, data } = await signIn()
  expect(data).toMatchObject({ refresh_token: 'art_token0', expires_in: 1800 })

  const jwks = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as JSONWebKeySet
  expect(JSON.stringify(jwks)).not.toContain('"d"')
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
    issuer: 'http://localhost:8000',
    audience: 'auto-refresh',
    typ: 'at+jwt',
  })
  expect([protectedHeader.alg, payload['username']]).toEqual(['ES256', 'ada'])

  expect((await call('GET', '/me', { headers: bearer(token) })).body.data).toMatchObject({
    username: 'ada',
    role: 'user',
  })
  expect((await call('GET', '/token-status', { headers: bearer(token) })).body.data).toMatchObject({
    valid: true,
    needs_refresh: false,
    username: 'ada',
  })
  expect((await call('POST', '/logout', { headers: bearer(token) })).status).toBe(200)
  expect((await call('GET', '/me', { headers: bearer(token) })).body.error.code).toBe(
    'access_token_revoked',
  )
  expect((await call('GET', '/token-status', { headers: bearer(token) })).body.data).toMatchObject({
    valid: false,
    needs_refresh: false,
    reason: 'revoked',
  })
  expect(lines.join('')).not.toMatch(/correct horse|art_token|eyJ/)
})

test('a request with a due token gets the new pair in its response, and DEBUG_AUTO_REFRESH logs it', async () => {
  const { call, signIn, lines, tokenStore } = await start({
    ACCESS_TOKEN_EXPIRE_MINUTES: '1',
    AUTO_REFRESH_THRESHOLD: '59.9',
    DEBUG_AUTO_REFRESH: 'true',
  })
  const { token } = await signIn()
  await expect
    .poll(
      async () =>
        (await call('GET', '/token-status', { headers: bearer(token) })).body.data['needs_refresh'],
    )
    .toBe(true)
  const { status, headers } = await call('GET', '/me', {
    headers: { ...bearer(token), 'x-refresh-token': 'art_token0' },
  })
  expect([status, headers.get('x-token-refreshed'), headers.get('x-new-refresh-token')]).toEqual([
    200,
    'true',
    'art_token1',
  ])
  expect(
    (await call('GET', '/me', { headers: bearer(headers.get('x-new-access-token') ?? '') })).status,
  ).toBe(200)
  expect(tokenStore.rotate).toHaveBeenCalledOnce()
  const debug = lines.filter((line) => line.includes('"level":"debug"'))
  expect(debug.map((line) => JSON.parse(line))).toMatchObject([
    { component: 'auto-refresh', peeked: 'would_renew', action: 'renew' },
    { component: 'auto-refresh', renewed: 'renewed' },
    { component: 'auto-refresh', action: 'go_on' },
  ])
  expect(lines.join('')).not.toMatch(/art_token|eyJ/)
})

test('without DEBUG_AUTO_REFRESH the middleware logs nothing', async () => {
  const { call, signIn, lines } = await start({
    ACCESS_TOKEN_EXPIRE_MINUTES: '1',
    AUTO_REFRESH_THRESHOLD: '59.9',
  })
  const { token } = await signIn()
  await expect
    .poll(async () =>
      (
        await call('GET', '/me', { headers: { ...bearer(token), 'x-refresh-token': 'art_token0' } })
      ).headers.get('x-token-refreshed'),
    )
    .toBe('true')
  expect(lines.join('')).not.toContain('"level":"debug"')
})

test('while token-store is unavailable valid tokens work, and a refresh is a 503 with Retry-After', async () => {
  const { call, signIn, tokenStore } = await start()
  const { token } = await signIn()
  for (const verb of [tokenStore.rotate, tokenStore.peek])
    verb.mockRejectedValue(new CodedError('unavailable'))
  expect((await call('GET', '/me', { headers: bearer(token) })).status).toBe(200)
  const { status, headers, body } = await call('POST', '/refresh', {
    body: { refresh_token: 'art_token0' },
  })
  expect([status, body.error]).toEqual([
    503,
    { code: 'unavailable', retryable: true, request_id: expect.any(String) },
  ])
  expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
})

test('a stop completes open requests first', async () => {
  const { authApi, call, signIn, rotated, tokenStore } = await start()
  await signIn()
  const arrived = Promise.withResolvers<void>()
  const release = Promise.withResolvers<RotateResult>()
  tokenStore.rotate.mockImplementation(() => {
    arrived.resolve()
    return release.promise
  })
  const answer = call('POST', '/refresh', { body: { refresh_token: 'art_token0' } })
  await arrived.promise
  const stopped = authApi.stop()
  expect(authApi.isReady()).toBe(false)
  release.resolve(rotated('art_token1'))
  const { status, headers } = await answer
  expect([status, headers.get('connection')]).toEqual([200, 'close'])
  await stopped
  await expect(call('GET', '/me')).rejects.toThrow('fetch failed')
})

test('a failed start can be stopped and leaves nothing open', async () => {
  const { url } = await start()
  await expect(start({ PORT: new URL(url).port })).rejects.toThrow(/EADDRINUSE/)
})
