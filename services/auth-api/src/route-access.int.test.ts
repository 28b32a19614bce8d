import { randomUUID } from 'node:crypto'
import { API_KEY_SCOPES, type StoredSession } from '@auto-refresh/contracts'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { createLogger, createMetrics } from '@auto-refresh/service-kit/telemetry'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildAuthApi } from './build-auth-api.ts'
import { parseAuthApiConfig } from './config.ts'
import { aSession, aTokenStore } from './testing/fakes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { CALLERS, ROUTE_ACCESS, toUrl, USERS, type Caller } from './testing/route-access.ts'

/**
 * The rows of `ROUTE_ACCESS` for scopes and users, with the real guards and use cases.
 * route-access.test.ts proves that no route is missing.
 */
const PASSWORD = 'correct horse battery'
/** Codes with which a guard refuses, also of OAuth; others concern the request. */
const REFUSALS =
  /^(?:invalid_(?:api_key|client|token)|insufficient_scope|forbidden|access_token_\w+)$/
const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')
const secretOf = (scope: string) => `${scope}${'0123456789abcdef'.repeat(2)}`

const database = await openTestDatabase()
const authApi = open()
const tokens = new Map<Caller, string>([
  ['unknown key', secretOf('another')],
  ...API_KEY_SCOPES.map((scope) => [scope, secretOf(scope)] as const),
])

function open() {
  const tokenStore = aTokenStore()
  const sessions = new Map<string, StoredSession>()
  tokenStore.issue.mockImplementation(async ({ userId, userVersion }) => {
    const session = aSession({
      id: randomUUID(),
      userId,
      userVersion,
      authenticatedAtMs: Date.now(),
      expiresAtMs: Date.now() + 86_400_000,
      idleUntilMs: Date.now() + 604_800_000,
    })
    sessions.set(session.id, session)
    return { outcome: 'issued', token: 'art_token0', session }
  })
  tokenStore.inspect.mockImplementation(async (request) => {
    const session = 'sessionId' in request ? sessions.get(request.sessionId) : undefined
    return session === undefined
      ? { outcome: 'not_found' }
      : { outcome: 'found', active: true, session }
  })
  tokenStore.revocations.mockImplementation(async () => ({ nowMs: Date.now(), revocations: [] }))
  const bus = createInProcessBus()
  return buildAuthApi({
    config: parseAuthApiConfig({
      DATABASE_URL: database.url,
      SIGNING_KEY_ENCRYPTION_KEYS: `k1:${key}`,
      USERNAME_HASH_KEY: key,
      PORT: '0',
      API_KEYS: API_KEY_SCOPES.map((each, at) => `key-${at}=${each}:${secretOf(each)}`).join(),
    }),
    tokenStore,
    publisher: bus,
    subscriber: bus,
    logger: createLogger({ service: 'auth-api', level: 'silent' }),
    metrics: createMetrics({ service: 'auth-api', version: 'test' }),
  })
}

beforeAll(async () => {
  await authApi.start()
  for (const caller of USERS) {
    const [, role = ''] = caller.split(' ')
    const actor = { kind: 'system', name: 'test' } as const
    await authApi.users.add({ username: role, password: PASSWORD, role }, actor)
    const payload = { username: role, password: PASSWORD }
    const answer = await authApi.app.inject({
      method: 'POST',
      url: '/api/v1/auth/token',
      payload,
    })
    tokens.set(caller, answer.json<{ data: { access_token: string } }>().data.access_token)
  }
})
afterAll(async () => {
  await authApi.stop()
  await database.close()
})

const rows = Object.entries(ROUTE_ACCESS).filter(([, { allows }]) => allows !== CALLERS)

test.each(rows)('%s refuses whom its row does not allow, and nobody else', async (row, access) => {
  const [method = '', pattern = ''] = row.split(' ')
  const { allows, checkedInside: _, url = toUrl(pattern), ...request } = access
  const refused: Caller[] = []
  for (const caller of CALLERS) {
    const token = tokens.get(caller)
    const answer = await authApi.app.inject({
      ...request,
      method: method as 'GET',
      url,
      headers: {
        ...request.headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    })
    // A proxy's question is answered without a body.
    const { error } = JSON.parse(answer.body || '{}') as { error?: string | { code: string } }
    if (REFUSALS.test((typeof error === 'object' ? error.code : error) ?? '')) refused.push(caller)
  }
  expect(refused).toEqual(CALLERS.filter((caller) => !allows.includes(caller)))
})
