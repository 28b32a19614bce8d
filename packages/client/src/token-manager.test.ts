import { describe, expect, test, vi } from 'vitest'
import { AuthError, memoryStorage, webStorage, type TokenManager } from './index.ts'
import { fakeAuthServer, json, refreshTokenOf, refusal } from './testing/fake-auth-server.ts'
import {
  passMinutes,
  passSeconds,
  setUp,
  settle,
  signedIn,
  sleepMinutes,
  withFakeClock,
} from './testing/set-up.ts'
import { webArea } from './testing/web-area.ts'

withFakeClock()

describe('as in the guide', () => {
  test('signs in, requests, refreshes and signs out', async () => {
    const area = webArea()
    const { server, manager, events } = setUp({ storage: webStorage(area) })
    const answer = await settle(manager.login('admin', 'password'))
    expect(answer).toMatchObject({
      status: 200,
      message: 'Login Successfully',
      data: { token_type: 'bearer', expires_in: 1800 },
    })
    expect([manager.accessToken, manager.refreshToken]).toEqual([
      answer.data.access_token,
      answer.data.refresh_token,
    ])
    expect([area.getItem('access_token'), area.getItem('refresh_token')]).toEqual([
      manager.accessToken,
      manager.refreshToken,
    ])

    const response = await settle(manager.request('/api/v1/cases'))
    expect(await response.json()).toEqual({ token: manager.accessToken, body: '' })
    expect(server.calls.at(-1)).toMatchObject({ url: 'http://localhost:8000/api/v1/cases' })

    const renewed = await settle(manager.refreshTokens())
    expect(renewed.data).toEqual({
      access_token: manager.accessToken,
      refresh_token: server.refreshToken(),
      token_type: 'bearer',
      expires_in: 1800,
    })
    expect(manager.session).toEqual({
      sessionId: '00000000-0000-0000-0000-000000000001',
      generation: 1,
      expiresInMs: 1_800_000,
    })

    const signedOut = manager.logout()
    expect([manager.accessToken, manager.refreshToken, manager.session, area.length]).toEqual([
      null,
      null,
      null,
      0,
    ])
    await settle(signedOut)
    expect(server.revoked).not.toBe('')
    expect(events()).toEqual(['refreshed', 'session-ended'])
    await expect(settle(manager.refreshTokens())).rejects.toMatchObject({
      code: 'refresh_token_missing',
    })
  })

  test('a wrong password is an error with a code, and no session', async () => {
    const { manager } = setUp()
    await expect(settle(manager.login('admin', 'wrong'))).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_credentials', status: 401, retryable: false }),
    )
    await expect(settle(manager.login('admin', 'wrong'))).rejects.toBeInstanceOf(AuthError)
    expect(manager.session).toBeNull()
  })

  test('five requests with an expired token cause one refresh, and all succeed', async () => {
    const { server, manager } = await signedIn()
    sleepMinutes(31)
    const answers = await settle(
      Promise.all([1, 2, 3, 4, 5].map(() => manager.request('/api/v1/cases'))),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(server.count('refresh')).toBe(1)
  })

  test('refreshes before the token expires, for days', async () => {
    const { server } = await signedIn()
    await passMinutes(24)
    expect(server.count('refresh')).toBe(0)
    await passMinutes(1.1)
    expect(server.count('refresh')).toBe(1)
    await passMinutes(60 * 24)
    expect(server.count('refresh')).toBeGreaterThan(56)
    expect(server.count('refresh')).toBeLessThan(62)
    expect(server.revoked).toBe('')
  })
})

describe('a slow sign-in', () => {
  async function slowLogin() {
    const client = setUp()
    client.server.latencyMs = 1000
    const login = client.manager.login('admin', 'password')
    login.catch(() => {})
    await passSeconds(0.1)
    client.server.latencyMs = 10
    return { ...client, login }
  }

  test('does not undo a later sign-out: its session is revoked', async () => {
    const { server, manager, login, ends } = await slowLogin()
    await settle(manager.logout())
    await expect(settle(login)).rejects.toMatchObject({ code: 'superseded', retryable: false })
    await passSeconds(1)
    expect([manager.session, server.calls.at(-1)?.path, ends()]).toEqual([null, 'logout', []])
    expect(server.calls.at(-1)?.body).toContain(refreshTokenOf(1, 0))
  })

  test('does not undo a later sign-in', async () => {
    const { manager, login } = await slowLogin()
    await settle(manager.login('admin', 'password'))
    const { refreshToken } = manager
    await expect(settle(login)).rejects.toMatchObject({ code: 'superseded' })
    expect(manager.refreshToken).toBe(refreshToken)
  })

  test('is replaced by a later one, and kept if that one is refused', async () => {
    const { manager, login } = await slowLogin()
    await expect(settle(manager.login('admin', 'wrong'))).rejects.toMatchObject({
      code: 'invalid_credentials',
    })
    await settle(login)
    expect(manager.session).not.toBeNull()
  })
})

test('an access token without a refresh token ends with an event when it expires', async () => {
  const { manager, server, ends } = setUp({ storage: webStorage(webArea()) })
  server.next['token'] = [
    () =>
      json(200, {
        status: 200,
        message: '',
        data: { access_token: server.accessToken(), token_type: 'bearer', expires_in: 1800 },
      }),
  ]
  await settle(manager.login('admin', 'password'))
  await passMinutes(29)
  expect([manager.session === null, ends()]).toEqual([false, []])
  await passMinutes(2)
  expect((await settle(manager.request('/cases'))).status).toBe(401)
  await passSeconds(1)
  expect([manager.session, ends(), server.count('refresh')]).toEqual([
    null,
    ['refresh_token_missing'],
    0,
  ])
})

test('baseURL is read-only, because half of the manager would keep the old one', () => {
  const { manager } = setUp()
  expect(() => Object.assign(manager, { baseURL: 'http://elsewhere.example' })).toThrow(TypeError)
  expect(manager.baseURL).toBe('http://localhost:8000')
})

test('a threshold that is no number is ignored', async () => {
  const { server } = await signedIn({ threshold: Number('five minutes') })
  await passMinutes(20)
  expect(server.count('refresh')).toBe(0)
})

describe("mounted, unmounted and mounted again, as React's StrictMode does", () => {
  test('the manager refreshes before expiry and reports a sign-out elsewhere once', async () => {
    const storage = memoryStorage()
    const { server, manager, ends } = await signedIn({ storage })
    manager.dispose()
    manager.dispose()
    manager.on('refreshed', () => {})
    await passMinutes(26)
    expect(server.count('refresh')).toBe(1)
    await settle(setUp({ server, storage }).manager.logout())
    await passSeconds(1)
    expect([manager.session, ends()]).toEqual([null, ['signed_out_elsewhere']])
  })

  test.each<[string, (manager: TokenManager) => Promise<unknown>]>([
    ['request', (manager) => manager.request('/cases')],
    ['login', (manager) => manager.login('admin', 'password')],
    ['refreshTokens', (manager) => manager.refreshTokens()],
  ])('%s restarts a single timer', async (_, use) => {
    const { server, manager } = await signedIn()
    manager.dispose()
    await passMinutes(20)
    await settle(use(manager))
    const before = server.count('refresh')
    await passMinutes(60)
    expect(server.count('refresh') - before).toBeGreaterThanOrEqual(2)
    expect(server.count('refresh') - before).toBeLessThanOrEqual(3)
  })

  test('a disposed manager does nothing', async () => {
    const { server, manager } = await signedIn()
    manager.dispose()
    await passMinutes(60)
    expect([server.calls, vi.getTimerCount()]).toEqual([[], 0])
  })
})

describe('without a page', () => {
  test('a relative baseURL is an error with its own code when it is used, not before', async () => {
    const { manager } = setUp({ baseURL: '/auth' })
    expect(manager.session).toBeNull()
    await expect(settle(manager.login('admin', 'password'))).rejects.toMatchObject({
      code: 'base_url_relative',
      retryable: false,
      message: expect.stringContaining('/auth'),
    })
    await expect(settle(manager.request('/cases'))).rejects.toMatchObject({
      code: 'base_url_relative',
    })
    expect(() => manager.baseURL).toThrow(AuthError)
    expect(await manager.logout()).toBeUndefined()
    expect((await settle(manager.request('http://elsewhere.example/cases'))).status).toBe(401)
  })

  test('with a page it starts there', async () => {
    vi.stubGlobal('location', new URL('https://app.example.com/index.html'))
    const { server, manager } = await signedIn({ baseURL: '/auth' })
    await settle(manager.request('/cases'))
    expect([manager.baseURL, server.calls.at(-1)?.url]).toEqual([
      'https://app.example.com/auth',
      'https://app.example.com/cases',
    ])
  })

  test.each(['/relative', 'app://page', 'api.example.com'])(
    'an invalid origin is rejected by the constructor: %s',
    (origin) => {
      expect(() => setUp({ allowedOrigins: [origin] })).toThrow(/allowedOrigins/)
    },
  )
})

test('React Native, without crypto and atob and with its own URL, signs in, requests and refreshes for hours', async () => {
  const RealURL = URL
  class NativeURL {
    href: string
    constructor(url: string) {
      this.href = `${url.replace(/\/$/, '')}/`
    }
    get origin(): string {
      throw new Error('URL.origin is not implemented')
    }
  }
  for (const name of ['crypto', 'atob', 'localStorage']) vi.stubGlobal(name, undefined)
  vi.stubGlobal('URL', NativeURL)
  const server = fakeAuthServer()
  const seen: string[] = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    seen.push(input as string)
    // Node's Request would use the test's URL class.
    vi.stubGlobal('URL', RealURL)
    const answer = server.fetch(input, init)
    vi.stubGlobal('URL', NativeURL)
    return answer
  }
  const { manager, ends } = setUp({ server, allowedOrigins: ['https://api.example.com'], fetch })
  await settle(manager.login('admin', 'password'))
  await passMinutes(120)
  expect(server.count('refresh')).toBeGreaterThan(3)
  await settle(manager.refreshTokens())
  for (const url of [
    'https://api.example.com/cases?limit=10',
    'https://api.example.com\\@evil.example/cases',
    'https://api.example.com.evil.example/',
  ])
    await settle(manager.request(url))
  expect(seen.slice(-3)).toEqual([
    'https://api.example.com/cases?limit=10',
    'https://api.example.com\\@evil.example/cases',
    'https://api.example.com.evil.example/',
  ])
  expect(
    server.calls.slice(-3).map(({ headers }) => headers.get('Authorization') !== null),
  ).toEqual([true, false, false])
  await settle(manager.request('/cases'))
  expect([seen.at(-1), ends(), server.revoked]).toEqual(['http://localhost:8000/cases', [], ''])
})

test.each<[string, (nowMs: number) => Record<string, string>, number]>([
  ['seconds', () => ({ 'Retry-After': '20' }), 20],
  ['a date', (nowMs) => ({ 'Retry-After': new Date(nowMs + 20_000).toUTCString() }), 20],
  [
    'a date by the clock of a server that is a day ahead',
    (nowMs) => ({
      Date: new Date(nowMs + 86_400_000).toUTCString(),
      'Retry-After': new Date(nowMs + 86_420_000).toUTCString(),
    }),
    20,
  ],
  [
    'a date that has passed',
    (nowMs) => ({ 'Retry-After': new Date(nowMs - 60_000).toUTCString() }),
    0,
  ],
  ['a date in a year', (nowMs) => ({ 'Retry-After': new Date(nowMs + 3e10).toUTCString() }), 60],
  ['a word', () => ({ 'Retry-After': 'soon' }), 0],
])('Retry-After as %s', async (_, headers, seconds) => {
  const { server, manager } = setUp()
  server.next['token'] = [() => refusal(503, 'unavailable', headers(Date.now()))]
  const error = (await settle(
    manager.login('admin', 'password').catch((thrown: unknown) => thrown as AuthError),
  )) as AuthError
  expect(Math.round((error.retryAfterMs ?? -1) / 1000 - 0.01)).toBeGreaterThanOrEqual(seconds - 1)
  expect((error.retryAfterMs ?? -1) / 1000).toBeLessThanOrEqual(seconds)
})
