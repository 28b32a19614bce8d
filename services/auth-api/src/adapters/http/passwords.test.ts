import { describe, expect, test } from 'vitest'
import { openTestApp, reuseTestApp, SESSION, USER } from '../../testing/open-test-app.ts'

const AUTH = '/api/v1/auth'
const live = { authorization: 'Bearer live' }
const change = { current_password: 'correct horse battery', new_password: 'another horse battery' }
const reset = { token: 'arp_token', new_password: 'another horse battery' }

describe('the own password', () => {
  test('is changed for the session of the access token', async () => {
    const { app, calls } = openTestApp()
    const answer = await app.inject({
      method: 'POST',
      url: `${AUTH}/password`,
      headers: live,
      payload: change,
    })
    expect(answer.json()).toEqual({
      status: 200,
      message: 'Password changed successfully',
      data: null,
    })
    expect(calls).toEqual([
      {
        name: 'changePassword',
        request: {
          userId: USER,
          sessionId: SESSION,
          currentPassword: change.current_password,
          newPassword: change.new_password,
          context: expect.objectContaining({ address: '127.0.0.1' }),
        },
      },
    ])
  })

  test.each([
    [{ outcome: 'wrong_password' }, 403, 'current_password_wrong'],
    [{ outcome: 'revoked' }, 401, 'access_token_revoked'],
    [{ outcome: 'refused', reason: 'The password must differ' }, 400, 'password_refused'],
    [{ outcome: 'rate_limited', retryAfterSeconds: 7 }, 429, 'rate_limited'],
  ] as const)('%j is an error with a code', async (result, status, code) => {
    const { app } = openTestApp({ useCases: { changePassword: async () => result } })
    const answer = await app.inject({
      method: 'POST',
      url: `${AUTH}/password`,
      headers: live,
      payload: change,
    })
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code])
    if (result.outcome === 'refused') expect(answer.json().message).toBe(result.reason)
    if (result.outcome === 'rate_limited')
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(7)
  })

  test('needs a bearer token: a foreign page with the cookies of a user changes nothing', async () => {
    const { app, calls } = reuseTestApp()
    const answer = await app.inject({
      method: 'POST',
      url: `${AUTH}/password`,
      headers: { cookie: 'refresh_token=art_x', origin: 'https://evil.example' },
      payload: change,
    })
    expect(answer.json().error.code).toBe('access_token_missing')
    expect(calls).toEqual([])
  })
})

describe('a password reset', () => {
  test('needs nothing but the token', async () => {
    const { app, calls } = openTestApp()
    const answer = await app.inject({
      method: 'POST',
      url: `${AUTH}/password-reset`,
      payload: reset,
    })
    expect(answer.statusCode).toBe(200)
    expect(calls).toEqual([
      {
        name: 'resetPassword',
        request: expect.objectContaining({
          token: reset.token,
          newPassword: reset.new_password,
        }) as unknown,
      },
    ])
  })

  test('with a wrong token is a 401, whatever is wrong with it', async () => {
    const { app } = openTestApp({
      useCases: { resetPassword: async () => ({ outcome: 'invalid_token' }) },
    })
    const answer = await app.inject({
      method: 'POST',
      url: `${AUTH}/password-reset`,
      payload: reset,
    })
    expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'password_token_invalid'])
  })
})

describe('a password token', () => {
  const secret = 'x'.repeat(32)
  const settings = { apiKeys: [{ name: 'shop', scopes: ['admin:write'] as const, secret }] }
  const create = (
    useCases: Parameters<typeof openTestApp>[0] = {},
    body: object | undefined = { ttl_seconds: 600 },
  ) => {
    const { app, calls } = openTestApp({ settings, ...useCases })
    const headers = { authorization: `Bearer ${secret}` }
    const url = `/api/v1/admin/users/${USER.toUpperCase()}/password-token`
    const request = { method: 'POST' as const, url, headers }
    return app
      .inject(body === undefined ? request : { ...request, payload: body })
      .then((answer) => ({ status: answer.statusCode, body: answer.json(), calls }))
  }

  test('is created for a user by a key, and shown once', async () => {
    const { status, body, calls } = await create()
    expect([status, body.data]).toEqual([
      201,
      { token: 'arp_token', expires_at: '2027-01-15T08:00:00Z' },
    ])
    expect(calls).toEqual([
      {
        name: 'createPasswordToken',
        request: { userId: USER, actor: { kind: 'key', name: 'shop' }, ttlSeconds: 600 },
      },
    ])
    expect((await create({}, undefined)).status).toBe(201)
  })

  test.each([
    [{ outcome: 'not_found' }, 404, 'not_found'],
    [{ outcome: 'own_account' }, 403, 'forbidden'],
    [{ outcome: 'refused', reason: 'The user is disabled' }, 400, 'invalid_request'],
  ] as const)('%j is an error with a code', async (result, status, code) => {
    const answer = await create({ useCases: { createPasswordToken: async () => result } })
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
  })

  test.each([{ ttl_seconds: 59 }, { ttl_seconds: 604_801 }, { ttl_seconds: '60' }, { ttl: 60 }])(
    '%j is refused',
    async (body) => {
      const answer = await create({}, body)
      expect([answer.status, answer.calls]).toEqual([400, []])
    },
  )
})

describe('a body that does not match the schema is 400 and reaches no use case', () => {
  const long = 'x'.repeat(257)
  test.each<[string, object | string]>([
    ['password', {}],
    ['password', { ...change, current_password: long }],
    ['password', { ...change, current_password: '' }],
    ['password', { ...change, current_password: 'a\u0000' }],
    ['password', { ...change, new_password: long }],
    ['password', { ...change, new_password: ['x'] }],
    ['password', { ...change, user_id: USER }],
    ['password-reset', {}],
    ['password-reset', { ...reset, token: '' }],
    ['password-reset', { ...reset, token: 'x'.repeat(129) }],
    ['password-reset', { ...reset, token: 'a b' }],
    ['password-reset', { ...reset, token: { $ne: '' } }],
    ['password-reset', { ...reset, token: null }],
    ['password-reset', { ...reset, new_password: 1 }],
    ['password-reset', { ...reset, username: 'ann' }],
    ['password-reset', '[]'],
  ])('%s %j', async (path, payload) => {
    const { app, calls, lines } = reuseTestApp()
    const answer = await app.inject({
      method: 'POST',
      url: `${AUTH}/${path}`,
      headers: { ...live, 'content-type': 'application/json' },
      payload,
    })
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'invalid_request'])
    expect(calls).toEqual([])
    expect(JSON.stringify(lines)).not.toContain('horse')
  })
})
