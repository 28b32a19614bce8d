import { CodedError } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import { aUserRecord, anAdministration } from '../../../../testing/an-administration.ts'
import { aSession, NOW_MS, SESSION_ID, USER_ID } from '../../../../testing/fakes.ts'
import { openTestApp } from '../../../../testing/open-test-app.ts'
import type { Administration } from '../../http-deps.ts'

const [READER, WRITER] = ['r'.repeat(32), 'w'.repeat(32)]
const apiKeys = [
  { name: 'siem', scopes: ['admin:read' as const], secret: READER },
  { name: 'console', scopes: ['admin:write' as const], secret: WRITER },
]

function open({
  users,
  ...change
}: Partial<Omit<Administration, 'users'>> & { users?: Partial<Administration['users']> } = {}) {
  const { administration, calls } = anAdministration(users)
  const { app, lines } = openTestApp({
    administration: { ...administration, ...change },
    settings: { apiKeys },
  })
  const call = async (
    method: Method,
    path: string,
    { token = method === 'GET' ? READER : WRITER, body, headers = {} }: Call = {},
  ) => {
    const { statusCode, payload } = await app.inject({
      method,
      url: `/api/v1/admin${path}`,
      ...(body === undefined ? {} : { payload: body }),
      headers: { authorization: `Bearer ${token}`, ...headers },
    })
    const { data, error } = JSON.parse(payload) as Answer
    return { status: statusCode, data, code: error?.code, payload }
  }
  return { app, calls, call, lines }
}
type Call = { token?: string; body?: object; headers?: Record<string, string> }
type Answer = { data: Record<string, unknown>; error?: { code: string } }

const ROUTES: Route[] = [
  ['GET', '/users', 'read'],
  ['POST', '/users', 'write', { username: 'bea' }],
  ['GET', `/users/${USER_ID}`, 'read'],
  ['PATCH', `/users/${USER_ID}`, 'write', { role: 'editor' }],
  ['DELETE', `/users/${USER_ID}`, 'write'],
  ['GET', `/users/${USER_ID}/sessions`, 'read'],
  ['DELETE', `/users/${USER_ID}/sessions`, 'write'],
  ['GET', `/sessions/${SESSION_ID}`, 'read'],
  ['DELETE', `/sessions/${SESSION_ID}`, 'write'],
  ['GET', `/users/${USER_ID}/timeline`, 'read'],
  ['GET', `/sessions/${SESSION_ID}/timeline`, 'read'],
  ['GET', '/detections', 'read'],
]
type Route = [Method, string, 'read' | 'write', object?]
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

describe.each(ROUTES)('%s %s', (method, path, needed, body) => {
  const given = body === undefined ? {} : { body }

  test.each([
    ['a key with the scope', needed === 'read' ? READER : WRITER, undefined],
    ['a key with the other scope', needed === 'read' ? WRITER : READER, 'insufficient_scope'],
    ['an unknown key', 'x'.repeat(32), 'invalid_api_key'],
    ['an empty key', '', 'access_token_missing'],
    ['an admin', 'live-admin', undefined],
    ['an auditor', 'live-auditor', needed === 'read' ? undefined : 'forbidden'],
    ['a user', 'live', 'forbidden'],
    ['a forged token', 'eyJx.eyJx.x', 'access_token_invalid'],
  ])('with %s', async (_, token, code) => {
    const { call, calls } = open()
    const answer = await call(method, path, { ...given, token })
    expect([answer.code, answer.status < 300]).toEqual([code, code === undefined])
    if (code !== undefined) expect(calls).toEqual([])
  })

  test('a cookie and a refresh token never count', async () => {
    const { app, calls } = open()
    const { statusCode, headers } = await app.inject({
      method,
      url: `/api/v1/admin${path}`,
      ...(body === undefined ? {} : { payload: body }),
      headers: { cookie: 'refresh_token=art_x', 'x-refresh-token': 'art_x', 'x-auto-refresh': '1' },
    })
    expect([statusCode, headers['x-new-access-token'], calls]).toEqual([401, undefined, []])
  })
})

test('unknown credentials are limited by address, known ones never', async () => {
  const counted: string[] = []
  const { call } = open({
    limitRefused: async (key) => {
      counted.push(key)
      return { outcome: 'rate_limited', retryAfterSeconds: 7 }
    },
  })
  expect((await call('GET', '/users', { token: 'x'.repeat(32) })).code).toBe('rate_limited')
  expect((await call('GET', '/users', { token: 'eyJ.eyJ.' })).code).toBe('rate_limited')
  expect(counted).toEqual(['credential 127.0.0.1/32', 'credential 127.0.0.1/32'])
  expect((await call('GET', '/users')).status).toBe(200)
  expect((await call('GET', '/users', { token: 'live' })).code).toBe('forbidden')
  expect(counted).toHaveLength(2)
})

test('each admitted call is logged with its actor, a refused one with the actor if known', async () => {
  const { call, lines } = open()
  const fields = {
    event: 'admin_call',
    route: '/api/v1/admin/users/:id',
    method: 'GET',
    network: '127.0.0.0/24',
  }
  const refused = { ...fields, event: 'admin_call_refused', omitted: 0 }
  for (const token of [READER, 'live-auditor', WRITER, 'live', 'x'.repeat(32)])
    await call('GET', `/users/${USER_ID}`, { token })
  expect(lines.map((line) => [line.level, line.fields])).toEqual([
    ['info', { ...fields, actor: 'key:siem' }],
    ['info', { ...fields, actor: `user:${USER_ID}` }],
    ['warn', { ...refused, actor: 'key:console', code: 'insufficient_scope' }],
    ['warn', { ...refused, actor: `user:${USER_ID}`, code: 'forbidden' }],
    ['warn', { ...refused, code: 'invalid_api_key' }],
  ])
})

test('a flood of unknown credentials hides neither its size nor the refusals of known ones', async () => {
  const { call, lines } = open()
  await Promise.all(
    Array.from({ length: 50 }, () => call('GET', '/users', { token: 'x'.repeat(32) })),
  )
  await call('GET', '/users', { token: 'live' })
  expect(lines.length).toBeLessThan(50)
  expect(lines.at(-1)?.fields).toMatchObject({ actor: `user:${USER_ID}`, code: 'forbidden' })
})

describe('users', () => {
  test('are found in pages, and a cursor leads to the next', async () => {
    const last = { name: 'zoë', id: USER_ID }
    const { call, calls } = open({
      users: {
        search: async (search) => {
          calls.push({ name: 'search', request: [search] })
          return { users: [aUserRecord({ claims: { t: 1 } })], next: last }
        },
      },
    })
    const first = await call('GET', '/users?query=Zo%C3%AB&active=false&limit=2')
    expect(first.data).toEqual({
      users: [
        {
          id: USER_ID,
          username: 'Ada',
          role: 'user',
          claims: { t: 1 },
          active: true,
          has_password: true,
          created_at: '2026-10-31T12:00:00Z',
          last_sign_in_at: '2026-11-01T11:59:00Z',
        },
      ],
      next: expect.any(String) as unknown,
    })
    await call('GET', `/users?cursor=${String(first.data['next'])}`)
    expect(calls.map(({ request }) => request[0])).toEqual([
      { query: 'Zoë', active: false, after: undefined, limit: 2 },
      { query: undefined, active: undefined, after: last, limit: 50 },
    ])
  })

  test('show the number of open sessions, and change without token-store', async () => {
    const { administration } = anAdministration()
    const listOf = () => Promise.reject(new CodedError('unavailable'))
    const { call: callWithout } = open({ sessions: { ...administration.sessions, listOf } })
    expect((await callWithout('POST', '/users', { body: { username: 'b' } })).status).toBe(201)
    const body = { role: 'editor' }
    expect((await callWithout('PATCH', `/users/${USER_ID}`, { body })).status).toBe(200)
    expect((await callWithout('GET', `/users/${USER_ID}`)).status).toBe(503)
    const { call } = open()
    expect((await call('GET', `/users/${USER_ID}`)).data).toMatchObject({ open_sessions: 1 })
  })

  test('are created with 201, and changed with the actor of the call', async () => {
    const { call, calls } = open()
    const created = await call('POST', '/users', {
      body: { username: 'bea', external_id: 'crm|7', claims: { tenant: 't1' } },
    })
    expect([created.status, created.data['id']]).toEqual([201, USER_ID])
    await call('PATCH', `/users/${USER_ID.toUpperCase()}`, {
      body: { role: 'auditor' },
      token: 'live-admin',
    })
    expect(calls).toEqual([
      {
        name: 'add',
        request: [
          { username: 'bea', externalId: 'crm|7', claims: { tenant: 't1' }, active: true },
          { kind: 'key', name: 'console' },
        ],
      },
      {
        name: 'change',
        request: [
          USER_ID,
          { role: 'auditor' },
          { kind: 'user', name: USER_ID, session: { id: SESSION_ID, network: '127.0.0.0/24' } },
        ],
      },
    ])
  })

  test.each([
    [{ outcome: 'not_found' }, 404, 'not_found'],
    [{ outcome: 'taken' }, 409, 'user_exists'],
    [{ outcome: 'own_account' }, 403, 'forbidden'],
    [{ outcome: 'refused', reason: 'The role must be short' }, 400, 'invalid_request'],
  ] as const)('a refused change %o has a code', async (result, status, code) => {
    const { call } = open({ users: { change: async () => result } })
    const answer = await call('PATCH', `/users/${USER_ID}`, { body: { active: false } })
    expect([answer.status, answer.code]).toEqual([status, code])
    if ('reason' in result) expect(answer.payload).toContain(result.reason)
  })

  test('that do not exist, and our failures, have a code', async () => {
    const { call } = open({ users: { find: async () => undefined } })
    for (const path of [`/users/${USER_ID}`, `/users/${USER_ID}/sessions`])
      expect((await call('GET', path)).code).toBe('not_found')
    expect((await call('POST', `/users/${USER_ID}/password-token`)).code).toBe('not_found')
    const { call: callFailing } = open({
      users: { erase: () => Promise.reject(new CodedError('unavailable')) },
    })
    expect((await callFailing('DELETE', `/users/${USER_ID}`)).status).toBe(503)
  })
})

describe('sessions', () => {
  test('show how they ended', async () => {
    const ended = { atMs: NOW_MS, reason: 'reuse' as const }
    const { administration } = anAdministration()
    const { call } = open({
      sessions: {
        ...administration.sessions,
        find: async () => ({ ...aSession({ amr: ['pwd', 'otp'] }), active: false, ended }),
      },
    })
    expect((await call('GET', `/sessions/${SESSION_ID}`)).data).toMatchObject({
      id: SESSION_ID,
      user_id: USER_ID,
      state: 'ended',
      ended_at: '2026-11-01T12:00:00Z',
      end_reason: 'reuse',
      amr: ['pwd', 'otp'],
    })
  })

  test('that are unknown are 404', async () => {
    const { administration } = anAdministration()
    const { call } = open({
      sessions: {
        ...administration.sessions,
        find: async () => undefined,
        end: async () => ({ outcome: 'not_found' }),
      },
    })
    expect((await call('GET', `/sessions/${SESSION_ID}`)).code).toBe('not_found')
    expect((await call('DELETE', `/sessions/${SESSION_ID}`)).code).toBe('not_found')
  })
})

test('the API reference describes every route with its credentials and bodies', async () => {
  const { paths } = (await open().app.inject('/openapi.json')).json() as { paths: Paths }
  const described = Object.entries(paths)
    .filter(([path]) => path.startsWith('/api/v1/admin/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => [
        `${method.toUpperCase()} ${path.slice(13)}`,
        one.operationId,
        ...one.security.flatMap((by) => by.apiKey ?? Object.keys(by)),
        Object.keys(one.responses)[0],
        one.requestBody?.required,
      ]),
    )
  const read = ['admin:read', 'accessToken']
  const write = ['admin:write', 'accessToken']
  expect(new Set(described)).toEqual(
    new Set([
      ['GET /users', 'listUsers', ...read, '200', undefined],
      ['POST /users', 'createUser', ...write, '201', true],
      ['GET /users/{id}', 'getUser', ...read, '200', undefined],
      ['PATCH /users/{id}', 'updateUser', ...write, '200', true],
      ['DELETE /users/{id}', 'deleteUser', ...write, '200', undefined],
      ['POST /users/{id}/password-token', 'createPasswordToken', ...write, '201', false],
      ['GET /users/{id}/sessions', 'listUserSessions', ...read, '200', undefined],
      ['DELETE /users/{id}/sessions', 'deleteUserSessions', ...write, '200', undefined],
      ['GET /sessions/{id}', 'getSession', ...read, '200', undefined],
      ['DELETE /sessions/{id}', 'deleteSession', ...write, '200', undefined],
      ['GET /users/{id}/timeline', 'getUserTimeline', ...read, '200', undefined],
      ['GET /sessions/{id}/timeline', 'getSessionTimeline', ...read, '200', undefined],
      ['GET /detections', 'listDetections', ...read, '200', undefined],
    ]),
  )
})
type Paths = Record<string, Record<string, Operation>>
type Operation = {
  operationId: string
  security: { apiKey?: string[] }[]
  responses: Record<string, object>
  requestBody?: { required: boolean }
}

describe('hostile input is a coded 4xx', () => {
  test.each<[string, Method, string, object?]>([
    ['an id that is none', 'GET', '/users/1'],
    ['an id with SQL', 'DELETE', `/users/'%20or%201=1--`],
    ['a session id that is none', 'DELETE', '/sessions/..%2f'],
    ['a limit of 0', 'GET', '/users?limit=0'],
    ['a limit of 101', 'GET', '/users?limit=101'],
    ['a limit that is no number', 'GET', '/users?limit=1e1'],
    ['a state that is none', 'GET', '/users?active=1'],
    ['a repeated parameter', 'GET', '/users?query=a&query=b'],
    ['an unknown parameter', 'GET', '/users?role=admin'],
    ['a null character', 'GET', '/users?query=%00'],
    ['a cursor that is none', 'GET', '/users?cursor=abc'],
    [
      'a cursor with a null character',
      'GET',
      `/users?cursor=${Buffer.from(`${USER_ID}\0`).toString('base64url')}`,
    ],
    ['no name', 'POST', '/users', {}],
    ['a role with blanks', 'POST', '/users', { username: 'a', role: 'no role' }],
    ['claims that are a list', 'POST', '/users', { username: 'a', claims: [] }],
    ['an unknown property', 'POST', '/users', { username: 'a', id: USER_ID }],
    ['a long external id', 'POST', '/users', { username: 'a', external_id: 'x'.repeat(256) }],
    ['no change', 'PATCH', `/users/${USER_ID}`, {}],
    ['a version', 'PATCH', `/users/${USER_ID}`, { version: 0 }],
    ['a text for a state', 'PATCH', `/users/${USER_ID}`, { active: 'false' }],
  ])('%s', async (_, method, path, body) => {
    const { call, calls } = open()
    const { status, code } = await call(method, path, body === undefined ? {} : { body })
    expect([status, code]).toEqual([400, 'invalid_request'])
    expect(calls).toEqual([])
  })
})
