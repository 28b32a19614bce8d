import { describe, expect, test, vi } from 'vitest'
import type { UserRoleChange } from '../../ports/known-users.ts'
import { openTestApp, SESSION } from '../../testing/open-test-app.ts'
import type { HttpSettings } from './http-deps.ts'

const FEED_KEY = 'f'.repeat(32)
const RENEWAL_KEY = 'r'.repeat(32)
const settings: Partial<HttpSettings> = {
  apiKeys: [
    { name: 'reader', scopes: ['revocations:read'], secret: 'n'.repeat(32) },
    { name: 'reader', scopes: ['revocations:read'], secret: FEED_KEY },
    { name: 'renewer', scopes: ['tokens:refresh'], secret: RENEWAL_KEY },
  ],
}
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const FEED = { method: 'GET', url: '/api/v1/auth/revocations' } as const
const payload = {
  refresh_token: 'r1',
  expected_session_id: SESSION,
  client: { address: '203.0.113.9', agent: 'phone\u0007' },
}
const RENEW = { method: 'POST', url: '/api/v1/auth/renewals', payload } as const
const PEEK = { ...RENEW, url: '/api/v1/auth/renewals/peek' } as const
/** a request on behalf of a user */
const asked = {
  refreshToken: 'r1',
  expectedSessionId: SESSION,
  idempotencyKey: 'try-1',
  context: {
    address: '203.0.113.9',
    block: '203.0.113.9/32',
    network: '203.0.113.0/24',
    agent: 'phone',
    straightFromLoopback: false,
    actor: { kind: 'key', name: 'renewer' },
  },
}
const NO_ROLES = { list: () => [], tag: () => '' }
const withKey = { ...bearer(RENEWAL_KEY), 'idempotency-key': 'try-1' }

test('a back end reads the whole list, and gets a 304 when nothing has changed', async () => {
  const { app } = openTestApp({ settings })
  const first = await app.inject({ ...FEED, headers: bearer(FEED_KEY) })
  expect(first.json()).toEqual({
    status: 200,
    message: 'Revocations retrieved successfully',
    data: { revocations: [{ session_id: SESSION, expires_in: 1860 }] },
  })
  expect(first.headers['etag']).toBe('W/"tag-1"')
  const second = await app.inject({
    ...FEED,
    headers: { ...bearer(FEED_KEY), 'if-none-match': String(first.headers['etag']) },
  })
  expect([second.statusCode, second.body]).toEqual([304, ''])
  expect([first, second].map(({ headers }) => headers['age'])).toEqual(['7', '7'])
  expect(
    (await app.inject({ ...FEED, headers: { ...bearer(FEED_KEY), 'if-none-match': 'W/"old"' } }))
      .statusCode,
  ).toBe(200)
})

test('a back end with a cursor gets the increment, or the whole list when that is not possible', async () => {
  const entry = { sessionId: SESSION, expiresInSeconds: 60 }
  const since = vi.fn<(fromMs: number) => (typeof entry)[] | undefined>(() => [])
  const revocationFeed = {
    tag: () => 't',
    whole: () => [entry],
    since,
    asOfMs: () => 1234.5,
    feedAgeMs: () => 0,
    retiredKids: () => [],
    roleChanges: NO_ROLES,
  }
  const { app } = openTestApp({ settings, revocationFeed })
  const ask = async (query: string) =>
    (await app.inject({ ...FEED, url: `${FEED.url}${query}`, headers: bearer(FEED_KEY) })).json()
      .data
  const whole = {
    as_of: '1234',
    partial: false,
    revocations: [{ session_id: SESSION, expires_in: 60 }],
  }
  expect(await ask('')).toEqual(whole)
  expect(await ask('?since=1200')).toEqual({ as_of: '1234', partial: true, revocations: [] })
  expect(since.mock.calls).toEqual([[1200]])
  since.mockReturnValue(undefined)
  for (const query of ['?since=1200', '?since=-1', '?since=1e9', '?since=', '?since=x'])
    expect(await ask(query)).toEqual(whole)
})

test('a peek and a renewal use the address, the agent and the session of the user', async () => {
  const { app, calls } = openTestApp({ settings })
  const peeked = await app.inject({ ...PEEK, headers: withKey })
  expect(peeked.json()).toMatchObject({
    status: 200,
    data: { outcome: 'would_renew', user: { username: 'ann', role: 'user' } },
  })
  const renewed = await app.inject({ ...RENEW, headers: withKey })
  expect(renewed.json().data).toEqual({
    outcome: 'renewed',
    access_token: 'access-1',
    refresh_token: 'refresh-1',
    refresh_expires_in: 604_800,
  })
  expect(renewed.headers['cache-control']).toBe('no-store, private')
  expect(calls).toEqual([
    { name: 'peekRefresh', request: asked },
    { name: 'refresh', request: { ...asked, operation: 'middleware' } },
  ])
})

describe('a refusal is an outcome for the user, never a 401 for the back end', () => {
  test.each([
    'invalid',
    'expired',
    'revoked',
    'reused',
    'session_mismatch',
    'user_inactive',
  ] as const)('%s', async (outcome) => {
    const { app } = openTestApp({
      settings,
      useCases: { refresh: async () => ({ outcome }), peekRefresh: async () => ({ outcome }) },
    })
    for (const request of [PEEK, RENEW]) {
      const answer = await app.inject({ ...request, headers: withKey })
      expect([answer.statusCode, answer.json().data]).toEqual([200, { outcome }])
    }
  })

  test('a limit has a duration, and an internal error is a 503', async () => {
    const limited = openTestApp({
      settings,
      useCases: { peekRefresh: async () => ({ outcome: 'rate_limited', retryAfterSeconds: 7 }) },
    })
    expect((await limited.app.inject({ ...PEEK, headers: withKey })).json().data).toEqual({
      outcome: 'rate_limited',
      retry_after_seconds: 7,
    })
    const failing = openTestApp({
      settings,
      useCases: { refresh: async () => ({ outcome: 'unavailable', because: 'unknown_kid' }) },
    })
    expect((await failing.app.inject({ ...RENEW, headers: withKey })).statusCode).toBe(503)
  })
})

describe('each key allows its own calls only', () => {
  test.each([
    ['no key', {}],
    ['an empty key', bearer('')],
    ['a longer key', bearer(`${FEED_KEY}x`)],
    ['a shorter key', bearer(FEED_KEY.slice(1))],
    ['another scheme', { authorization: `Basic ${FEED_KEY}` }],
    ['the name of a key', bearer('reader')],
  ])('every call with %s is a 401', async (_, headers) => {
    const { app, calls } = openTestApp({ settings })
    for (const request of [FEED, PEEK, RENEW]) {
      const answer = await app.inject({ ...request, headers })
      expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'invalid_api_key'])
      expect(answer.headers['www-authenticate']).toBe('Bearer')
    }
    expect(calls).toEqual([])
  })

  test('a known key without the scope is a 403', async () => {
    const { app, calls } = openTestApp({ settings })
    for (const [request, key] of [
      [FEED, RENEWAL_KEY],
      [PEEK, FEED_KEY],
      [RENEW, FEED_KEY],
    ] as const) {
      const answer = await app.inject({ ...request, headers: bearer(key) })
      expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'insufficient_scope'])
    }
    expect(calls).toEqual([])
  })

  test('without configured keys every key is refused', async () => {
    const { app } = openTestApp()
    for (const headers of [{}, bearer(''), bearer('undefined')]) {
      for (const request of [FEED, PEEK, RENEW])
        expect((await app.inject({ ...request, headers })).statusCode).toBe(401)
    }
  })

  test('the log line of a failed request names the key, and never its secret', async () => {
    const { app, lines } = openTestApp({
      settings,
      useCases: { refresh: async () => ({ outcome: 'unavailable', because: 'unknown_kid' }) },
    })
    await app.inject({ ...RENEW, headers: withKey })
    expect(lines).toMatchObject([{ level: 'warn', fields: { actor: 'key:renewer' } }])
    expect(JSON.stringify(lines)).not.toContain(RENEWAL_KEY)
  })
})

test.each<[string, object]>([
  ['no session', { ...payload, expected_session_id: undefined }],
  ['an invalid session id', { ...payload, expected_session_id: 'x' }],
  ['no token', { ...payload, refresh_token: '' }],
  ['no client', { ...payload, client: undefined }],
  ['an unknown property', { ...payload, idempotency_key: 'x' }],
])('a renewal with %s is a 400 and reaches no use case', async (_, body) => {
  const { app, calls } = openTestApp({ settings })
  for (const { url } of [PEEK, RENEW])
    expect(
      (await app.inject({ method: 'POST', url, payload: body, headers: withKey })).statusCode,
    ).toBe(400)
  expect(calls).toEqual([])
})

test('a retired signing key changes the tag and the response, whole or partial, within a second', async () => {
  const retired: string[] = []
  const list = [{ sessionId: SESSION, expiresInSeconds: 60 }]
  const revocationFeed = {
    tag: () => 't',
    whole: () => list,
    since: () => [],
    asOfMs: () => 1,
    feedAgeMs: () => 0,
    retiredKids: () => retired,
    roleChanges: NO_ROLES,
  }
  const { app } = openTestApp({ settings, revocationFeed })
  const before = await app.inject({ ...FEED, headers: bearer(FEED_KEY) })
  retired.push('leaked')
  const headers = { ...bearer(FEED_KEY), 'if-none-match': String(before.headers['etag']) }
  for (const query of ['', '?since=1']) {
    const answer = await app.inject({ ...FEED, url: `${FEED.url}${query}`, headers })
    expect([answer.statusCode, answer.json().data.retired_kids]).toEqual([200, ['leaked']])
  }
})

test('a changed role changes the tag and the response within a second, and is sent once to a back end that sends the tag', async () => {
  const changes: UserRoleChange[] = []
  const list = [{ sessionId: SESSION, expiresInSeconds: 60 }]
  const roleChanges = { list: () => changes, tag: () => (changes.length === 0 ? '' : 'roles-1') }
  let sessions = 't'
  const revocationFeed = {
    tag: () => sessions,
    whole: () => list,
    since: () => [],
    asOfMs: () => 1,
    feedAgeMs: () => 0,
    retiredKids: () => ['leaked'],
    roleChanges,
  }
  const { app } = openTestApp({ settings, revocationFeed })
  const ask = async (query: string, etag?: string) => {
    const headers = {
      ...bearer(FEED_KEY),
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    }
    const answer = await app.inject({ ...FEED, url: `${FEED.url}${query}`, headers })
    return {
      status: answer.statusCode,
      etag: String(answer.headers['etag']),
      roles: answer.statusCode === 304 ? undefined : answer.json().data.role_changes,
    }
  }
  const before = await ask('')
  expect(before.roles).toBeUndefined()
  changes.push({
    userId: SESSION,
    role: 'user',
    issuedBefore: 1_795_000_010.123,
    expiresInSeconds: 86_450,
  })
  const roles = [
    { user_id: SESSION, role: 'user', issued_before: 1_795_000_010.123, expires_in: 86_450 },
  ]
  const after = await ask('?since=1', before.etag)
  expect([after.status, after.roles, (await ask('', before.etag)).roles]).toEqual([
    200,
    roles,
    roles,
  ])
  expect((await ask('?since=1', after.etag)).status).toBe(304)
  sessions = 'another'
  expect(await ask('?since=1', after.etag)).toMatchObject({ status: 200, roles: undefined })
  expect([(await ask('?since=1')).roles, (await ask('', after.etag)).roles]).toEqual([roles, roles])
})
