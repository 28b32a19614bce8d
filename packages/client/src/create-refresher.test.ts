import { describe, expect, test, vi } from 'vitest'
import { memoryStorage } from './index.ts'
import { fakeAuthServer, json, refreshTokenOf, refusal } from './testing/fake-auth-server.ts'
import {
  passMinutes,
  passSeconds,
  setUp,
  settle,
  signedIn,
  sleepMinutes,
  whenOnline,
  withFakeClock,
} from './testing/set-up.ts'

withFakeClock()

const keys = (server: ReturnType<typeof fakeAuthServer>) =>
  server.calls
    .filter(({ path }) => path === 'refresh')
    .map(({ headers }) => headers.get('Idempotency-Key'))
const offline = () => {
  throw new TypeError('Failed to fetch')
}

describe('a temporary failure ends no session', () => {
  test.each([
    ['no network', offline],
    ['408 of a proxy', () => new Response('', { status: 408 })],
    ['429', () => refusal(429, 'rate_limited', { 'Retry-After': '2' })],
    ['500', () => new Response('Internal Server Error', { status: 500 })],
    ['502 of a proxy', () => new Response('<html>Bad Gateway</html>', { status: 502 })],
    ['503', () => refusal(503, 'unavailable', { 'Retry-After': '1' })],
    [
      'a captive portal with 200',
      () =>
        new Response('<html>Welcome to the hotel</html>', {
          headers: { 'Content-Type': 'text/html' },
        }),
    ],
    [
      'a captive portal with 401',
      () => new Response('<html>Log in to the hotel</html>', { status: 401 }),
    ],
    ['a 403 of a firewall', () => new Response('blocked', { status: 403 })],
    ['a foreign 401 in JSON', () => json(401, { error: 'invalid_token' })],
    ['JSON that is cut', () => new Response('{"status":200,"data":{"acc')],
    ['JSON null', () => new Response('null')],
    ['an answer without tokens', () => json(200, { status: 200, message: 'ok', data: {} })],
    ['an answer that never comes', () => new Promise<Response>(() => {})],
  ])('%s: the same token is retried under the same key', async (_, failure) => {
    const { server, manager, ends } = await signedIn()
    const before = manager.refreshToken
    server.next['refresh'] = [failure, failure]
    await settle(manager.refreshTokens())
    expect(server.calls.map(({ body }) => JSON.parse(body) as unknown)).toEqual(
      Array.from({ length: 3 }, () => ({ refresh_token: before })),
    )
    expect(new Set(keys(server)).size).toBe(1)
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 1))
    expect(ends()).toEqual([])
  })

  test('a lasting failure rejects with a retryable error, keeps the session and is retried later', async () => {
    const { server, manager, events, ends } = await signedIn()
    server.next['refresh'] = Array(1000).fill(offline)
    sleepMinutes(31)
    await expect(settle(manager.request('/cases'))).rejects.toMatchObject({
      name: 'AuthError',
      code: 'network_error',
      retryable: true,
    })
    expect(events()).toEqual(['error'])
    expect(manager.session).toMatchObject({ generation: 0 })
    server.next['refresh'] = []
    await passSeconds(2)
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(ends()).toEqual([])
  })

  test('a failed early refresh keeps the live token', async () => {
    const { server, manager } = await signedIn()
    server.next['refresh'] = Array(1000).fill(offline)
    await passMinutes(26)
    expect(server.count('refresh')).toBeGreaterThan(3)
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    server.next['refresh'] = []
    await passMinutes(4)
    expect(manager.session).toMatchObject({ generation: 1 })
  })

  test("Retry-After is honoured for up to a minute, also beyond the callers' deadline", async () => {
    const { server, manager } = await signedIn()
    server.next['refresh'] = [() => refusal(429, 'rate_limited', { 'Retry-After': '120' })]
    await expect(settle(manager.refreshTokens())).rejects.toMatchObject({
      code: 'rate_limited',
      status: 429,
      retryable: true,
      retryAfterMs: 60_000,
    })
    await expect(settle(manager.refreshTokens())).rejects.toMatchObject({ code: 'rate_limited' })
    expect(server.count('refresh')).toBe(1)
    await passMinutes(1)
    await settle(manager.refreshTokens())
    expect(server.count('refresh')).toBe(2)
  })

  test('an hour in the Retry-After of a maintenance page is not waited for', async () => {
    const { server, manager } = await signedIn()
    sleepMinutes(31)
    server.next['refresh'] = [
      () =>
        new Response('<h1>maintenance</h1>', { status: 503, headers: { 'Retry-After': '3600' } }),
    ]
    expect((await settle(manager.request('/cases'))).status).toBe(200)
  })

  test('a sign-in and the online event end the pause after a failure', async () => {
    const online = whenOnline()
    const { server, manager } = await signedIn()
    const rest = async () => {
      server.next['refresh'] = [() => refusal(429, 'rate_limited', { 'Retry-After': '60' })]
      await expect(settle(manager.refreshTokens())).rejects.toMatchObject({ code: 'rate_limited' })
    }
    await rest()
    online()
    await settle(manager.refreshTokens())
    await rest()
    await settle(manager.login('admin', 'password'))
    await settle(manager.refreshTokens())
    expect(server.count('refresh')).toBe(4)
  })

  test('a refusal that does not concern the session rejects and keeps the session', async () => {
    const { server, manager, ends } = await signedIn()
    server.next['refresh'] = [() => refusal(403, 'csrf_rejected')]
    await expect(settle(manager.refreshTokens())).rejects.toMatchObject({
      code: 'csrf_rejected',
      retryable: false,
    })
    expect(server.count('refresh')).toBe(1)
    expect(ends()).toEqual([])
    expect(manager.session).not.toBeNull()
  })
})

describe('only the server ends a session', () => {
  test.each([
    'refresh_token_invalid',
    'refresh_token_expired',
    'refresh_token_revoked',
    'refresh_token_reused',
    'session_mismatch',
    'user_inactive',
  ])('%s ends it once', async (code) => {
    const { server, manager, seen } = await signedIn()
    server.next['refresh'] = Array(5).fill(() => refusal(401, code))
    const both = await settle(
      Promise.allSettled([manager.refreshTokens(), manager.refreshTokens()]),
    )
    expect(both).toMatchObject(
      Array.from({ length: 2 }, () => ({
        status: 'rejected',
        reason: { code, status: 401, retryable: false },
      })),
    )
    expect(seen).toEqual([['session-ended', { reason: code }]])
    expect(manager.session).toBeNull()
    expect(server.count('refresh')).toBe(1)
  })
})

describe('a lost answer', () => {
  test('is fetched under the same key an hour later', async () => {
    const { server, manager, ends } = await signedIn()
    server.next['refresh'] = [server.loseRefresh, ...Array(1000).fill(offline)]
    await expect(settle(manager.refreshTokens())).rejects.toMatchObject({ code: 'network_error' })
    sleepMinutes(60)
    server.next['refresh'] = []
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 1))
    expect(new Set(keys(server)).size).toBe(1)
    expect(ends()).toEqual([])
  })

  test('is fetched after a reload, because the key was stored before the request was sent', async () => {
    const storage = memoryStorage()
    const { server, manager } = await signedIn({ storage })
    let stored: unknown
    server.next['refresh'] = [
      (request) => ((stored = storage.load()), server.loseRefresh(request)),
      ...Array(1000).fill(offline),
    ]
    manager.refreshTokens().catch(() => {})
    await passSeconds(5)
    expect(stored).toMatchObject({
      refreshToken: refreshTokenOf(1, 0),
      attemptKey: keys(server)[0],
    })

    // The page and its timers are gone; another page finds what it stored.
    sleepMinutes(60)
    server.next['refresh'] = []
    const reloaded = setUp({ server, storage: { ...storage } })
    expect((await settle(reloaded.manager.request('/cases'))).status).toBe(200)
    expect(new Set(keys(server)).size).toBe(1)
    expect(reloaded.ends()).toEqual([])
  })

  test('the key is removed when the answer is stored, and the next refresh has another', async () => {
    const storage = memoryStorage()
    const { server, manager } = await signedIn({ storage })
    await settle(manager.refreshTokens())
    expect((await storage.load())?.attemptKey).toBeUndefined()
    await settle(manager.refreshTokens())
    expect(new Set(keys(server)).size).toBe(2)
  })
})

describe('races', () => {
  test('a sign-out during a refresh wins, and the late answer is dropped', async () => {
    const storage = memoryStorage()
    const { server, manager, seen } = await signedIn({ storage })
    const answer = json(200, {
      data: {
        access_token: server.accessToken(),
        refresh_token: refreshTokenOf(1, 1),
        expires_in: 1800,
      },
    })
    server.next['refresh'] = [
      () => new Promise((resolve) => void setTimeout(() => resolve(answer), 1000)),
    ]
    const refresh = manager.refreshTokens()
    await passSeconds(0.5)
    void manager.logout()
    await expect(settle(refresh)).rejects.toMatchObject({
      code: 'refresh_token_missing',
      retryable: false,
    })
    await passSeconds(5)
    expect([manager.session, await storage.load()]).toEqual([null, undefined])
    expect(seen).toEqual([['session-ended', { reason: 'logout' }]])
  })

  test('a sign-in of another user during a refresh wins too', async () => {
    const { server, manager } = await signedIn()
    server.latencyMs = 1000
    const refresh = manager.refreshTokens()
    await passSeconds(0.5)
    server.latencyMs = 10
    await settle(manager.login('admin', 'password'))
    await settle(refresh)
    expect(manager.refreshToken).toBe(refreshTokenOf(2, 0))
  })

  test("a refusal after a lost race uses the winner's pair instead of removing it", async () => {
    const storage = memoryStorage()
    const { server, manager, ends } = await signedIn({ storage })
    server.next['refresh'] = [
      () => {
        // The other tab's write becomes visible shortly after the refusal.
        setTimeout(() => {
          server.generation = 1
          void storage.save({
            accessToken: server.accessToken(),
            refreshToken: refreshTokenOf(1, 1),
            receivedAt: Date.now(),
            lifetimeMs: 1_800_000,
          })
        }, 80)
        return refusal(401, 'refresh_token_reused')
      },
    ]
    await settle(manager.refreshTokens())
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 1))
    expect(ends()).toEqual([])
  })

  test('of answers that arrive out of order the highest generation stays', async () => {
    const storage = memoryStorage()
    const { server, manager } = await signedIn({ storage })
    server.next['refresh'] = [
      async (request) => {
        await request.text()
        // Another tab has advanced two generations in the meantime.
        server.generation = 3
        await storage.save({
          accessToken: server.accessToken(),
          refreshToken: refreshTokenOf(1, 3),
          receivedAt: Date.now(),
          lifetimeMs: 1_800_000,
        })
        return json(200, {
          status: 200,
          message: '',
          data: {
            access_token: server.accessToken(),
            refresh_token: refreshTokenOf(1, 1),
            token_type: 'bearer',
            expires_in: 1800,
          },
        })
      },
    ]
    const { data } = await settle(manager.refreshTokens())
    expect(data.refresh_token).toBe(refreshTokenOf(1, 3))
    expect(storage.load()).toMatchObject({ refreshToken: refreshTokenOf(1, 3) })
  })

  test('two instances on one storage share one refresh and its pair', async () => {
    const storage = memoryStorage()
    const { server, manager } = await signedIn({ storage })
    const other = setUp({ server, storage })
    expect(other.manager.accessToken).toBe(manager.accessToken)
    const answers = await settle(
      Promise.all([manager.refreshTokens(), other.manager.refreshTokens()]),
    )
    expect(answers[0]).toEqual(answers[1])
    expect(server.count('refresh')).toBe(1)
    expect([other.manager.refreshToken, other.events()]).toEqual([
      manager.refreshToken,
      ['refreshed'],
    ])
  })

  test('a pair that another tab has stored in the meantime is used without a request', async () => {
    const storage = memoryStorage()
    const { server, manager } = await signedIn({ storage })
    sleepMinutes(31)
    server.generation = 1
    // Another tab can reach this one only through the storage.
    const { subscribe: _, ...silent } = storage
    await silent.save({
      accessToken: server.accessToken(),
      refreshToken: refreshTokenOf(1, 1),
      receivedAt: Date.now(),
      lifetimeMs: 1_800_000,
    })
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(server.count('refresh')).toBe(0)
  })
})

describe('the lock of the tabs', () => {
  const shared = () => ({ ...memoryStorage(), shared: true })

  test('is held during the refresh and released', async () => {
    const { manager } = await signedIn({ storage: shared() })
    const request = vi.spyOn(navigator.locks, 'request')
    await settle(manager.refreshTokens())
    expect(request).toHaveBeenCalledWith(
      'auto-refresh http://localhost:8000',
      expect.objectContaining({ signal: expect.anything() as unknown }),
      expect.any(Function),
    )
    await passSeconds(0.1)
    expect((await navigator.locks.query()).held).toEqual([])
  })

  test('is held a moment longer than the refresh, because the next tab would still read the previous pair', async () => {
    const { manager } = await signedIn({ storage: shared() })
    await settle(manager.refreshTokens())
    expect((await navigator.locks.query()).held).toHaveLength(1)
    await passSeconds(0.1)
    expect((await navigator.locks.query()).held).toEqual([])
  })

  test('is skipped when a frozen tab holds it', async () => {
    let thaw = () => {}
    const frozen = navigator.locks.request(
      'auto-refresh http://localhost:8000',
      () => new Promise<void>((resolve) => (thaw = resolve)),
    )
    const { server, manager } = await signedIn({ storage: shared() })
    const refresh = manager.refreshTokens()
    await passSeconds(4)
    expect(server.count('refresh')).toBe(0)
    await settle(refresh)
    expect(server.count('refresh')).toBe(1)
    thaw()
    await frozen
  })

  test.each([
    ['missing', undefined],
    [
      'forbidden',
      { locks: { request: () => Promise.reject(new DOMException('no', 'SecurityError')) } },
    ],
  ])('if locks are %s the refresh runs without', async (_, navigator) => {
    vi.stubGlobal('navigator', navigator)
    const { server, manager } = await signedIn({ storage: shared() })
    await settle(manager.refreshTokens())
    expect(server.count('refresh')).toBe(1)
  })
})

test('at most 30 refreshes are attempted per minute', async () => {
  const { server, manager, ends } = await signedIn()
  const asked = Array.from({ length: 30 }, () => () => settle(manager.refreshTokens()))
  for (const ask of asked) await ask()
  // The guide's `refreshTokens` refreshes only a due token, so its pages may call it before each
  // request: they get the live pair.
  expect((await settle(manager.refreshTokens())).data.refresh_token).toBe(manager.refreshToken)
  expect(server.count('refresh')).toBe(30)
  expect((await settle(manager.request('/cases'))).status).toBe(200)
  expect(ends()).toEqual([])
  await passMinutes(1)
  await settle(manager.refreshTokens())
})

test('no refresh is sent when not signed in', async () => {
  const { server, manager } = setUp()
  await expect(settle(manager.refreshTokens())).rejects.toMatchObject({
    code: 'refresh_token_missing',
  })
  expect(server.calls).toEqual([])
})
