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
  withFakeClock,
} from './testing/set-up.ts'

withFakeClock()

/** A server that rejects the access token although it is young: a revoked key, a restart. */
async function withForgottenToken() {
  const client = await signedIn()
  await passSeconds(60)
  client.server.next['orders'] = [() => refusal(401, 'access_token_expired')]
  return client
}
const sentTo = (server: ReturnType<typeof fakeAuthServer>, path: string) =>
  server.calls.filter((call) => call.path === path)
const newPair = (server: ReturnType<typeof fakeAuthServer>, refreshToken: string) => ({
  'X-Token-Refreshed': 'true',
  'X-New-Access-Token': server.accessToken(),
  'X-New-Refresh-Token': refreshToken,
})

describe('a 401 is repeated once after a refresh, with its body', () => {
  const form = () => {
    const data = new FormData()
    data.set('file', new File(['content'], 'name.txt'))
    return data
  }
  test.each<[string, (url: string) => Parameters<typeof fetch>]>([
    ['GET', (url) => [url]],
    [
      'JSON',
      (url) => [
        url,
        {
          method: 'POST',
          body: JSON.stringify({ a: 1 }),
          headers: { 'Content-Type': 'application/json' },
        },
      ],
    ],
    ['URLSearchParams', (url) => [url, { method: 'POST', body: new URLSearchParams({ a: '1' }) }]],
    ['bytes', (url) => [url, { method: 'PUT', body: new TextEncoder().encode('bytes') }]],
    ['Blob', (url) => [url, { method: 'POST', body: new Blob(['blob']) }]],
    [
      'a Request with a body',
      (url) => [
        new Request(url, { method: 'POST', body: 'body of a request', headers: { 'X-Mine': '1' } }),
      ],
    ],
    [
      'a Request and an init',
      (url) => [new Request(url, { method: 'POST', body: 'old' }), { body: 'new' }],
    ],
    ['a URL', (url) => [new URL(url), { method: 'DELETE' }]],
  ])('%s', async (_, call) => {
    const { server, manager } = await withForgottenToken()
    const response = await settle(manager.fetch(...call('http://localhost:8000/orders')))
    expect(response.status).toBe(200)
    const [first, second] = sentTo(server, 'orders')
    expect([
      second?.method,
      second?.body,
      second?.headers.get('X-Mine'),
      second?.headers.get('Content-Type'),
    ]).toEqual([
      first?.method,
      first?.body,
      first?.headers.get('X-Mine'),
      first?.headers.get('Content-Type'),
    ])
    expect(second?.headers.get('Authorization')).toBe(`Bearer ${manager.accessToken}`)
    expect(first?.headers.get('Authorization')).not.toBe(second?.headers.get('Authorization'))
    expect(server.count('refresh')).toBe(1)
  })

  test('FormData with a file', async () => {
    const { server, manager } = await withForgottenToken()
    expect(
      (await settle(manager.request('/orders', { method: 'POST', body: form() }))).status,
    ).toBe(200)
    expect(
      sentTo(server, 'orders').map(
        ({ body }) => body.includes('name.txt') && body.includes('content'),
      ),
    ).toEqual([true, true])
  })

  const stream = () => new Blob(['streamed']).stream()
  test('a stream that can be created again', async () => {
    const { server, manager } = await withForgottenToken()
    expect(
      (await settle(manager.request('/orders', { method: 'POST', body: stream }))).status,
    ).toBe(200)
    expect(sentTo(server, 'orders').map(({ body }) => body)).toEqual(['streamed', 'streamed'])
  })

  test('a stream that cannot is sent once, and its 401 is returned', async () => {
    const { server, manager } = await withForgottenToken()
    expect(
      (
        await settle(
          manager.request('/orders', {
            method: 'POST',
            body: stream(),
            duplex: 'half',
          } as RequestInit),
        )
      ).status,
    ).toBe(401)
    expect(server.count('orders')).toBe(1)
  })

  test('such a stream waits for the refresh of a due token, so that it need not be repeated', async () => {
    const { server, manager } = await signedIn()
    sleepMinutes(27)
    await settle(manager.request('/orders', { method: 'POST', body: stream() }))
    expect(server.calls.map(({ path }) => path)).toEqual(['refresh', 'orders'])
  })

  test('a second 401 is returned', async () => {
    const { server, manager } = await withForgottenToken()
    server.next['orders']?.push(() => refusal(401, 'access_token_invalid'))
    expect((await settle(manager.request('/orders'))).status).toBe(401)
    expect([server.count('orders'), server.count('refresh')]).toEqual([2, 1])
  })

  test('four concurrent 401s and a late one of the old token cause one refresh, and all succeed', async () => {
    const { server, manager } = await signedIn()
    await passSeconds(60)
    const refuse = () => refusal(401, 'access_token_expired')
    server.next['orders'] = [
      refuse,
      refuse,
      refuse,
      refuse,
      () => new Promise((resolve) => void setTimeout(() => resolve(refuse()), 3000)),
    ]
    const answers = await settle(Promise.all([1, 2, 3, 4, 5].map(() => manager.request('/orders'))))
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(server.count('refresh')).toBe(1)
  })

  test.each(['access_token_expired', undefined])(
    'five concurrent 401s right after the sign-in (%s) cause one refresh, and all succeed',
    async (code) => {
      const { server, manager } = await signedIn()
      server.next['orders'] = Array(5).fill(() =>
        code === undefined ? new Response('no', { status: 401 }) : refusal(401, code),
      )
      const answers = await settle(
        Promise.all(
          [1, 2, 3, 4, 5].map(() => manager.request('/orders', { method: 'POST', body: 'a' })),
        ),
      )
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
      expect([server.count('orders'), server.count('refresh')]).toEqual([10, 1])
    },
  )

  test('a second 401 within seconds of a refresh is returned', async () => {
    const { server, manager } = await signedIn()
    server.next['orders'] = Array(1000).fill(() => refusal(401, 'access_token_invalid'))
    for (let times = 0; times < 4; times += 1)
      expect((await settle(manager.request('/orders'))).status).toBe(401)
    expect([server.count('orders'), server.count('refresh')]).toEqual([5, 1])
    await passSeconds(6)
    expect((await settle(manager.request('/orders'))).status).toBe(401)
    expect(server.count('refresh')).toBe(2)
  })

  test.each(['access_token_invalid', undefined])(
    'three tabs at a back end that rejects every token do not refresh in a loop (%s)',
    async (code) => {
      const shared = memoryStorage()
      const { server, manager } = await signedIn({ storage: { ...shared } })
      const tabs = [manager, ...[2, 3].map(() => setUp({ server, storage: { ...shared } }).manager)]
      server.next['orders'] = Array(1000).fill(() =>
        code === undefined ? new Response('no', { status: 401 }) : refusal(401, code),
      )
      for (let turn = 0; turn < 40; turn += 1) {
        for (const tab of tabs) expect((await settle(tab.request('/orders'))).status).toBe(401)
        await passSeconds(0.25)
      }
      expect(server.count('refresh')).toBeLessThanOrEqual(6)
    },
  )

  test('a session revoked elsewhere ends with the first 401, however new its token is', async () => {
    const { server, manager, ends } = await signedIn()
    server.revoked = 'refresh_token_revoked'
    server.next['orders'] = [() => refusal(401, 'access_token_revoked')]
    expect((await settle(manager.request('/orders'))).status).toBe(401)
    expect(ends()).toEqual(['refresh_token_revoked'])
  })

  test('a 401 with another code, such as a wrong PIN, is returned', async () => {
    const { server, manager } = await signedIn()
    await passSeconds(60)
    server.next['orders'] = [() => refusal(401, 'wrong_pin')]
    const response = await settle(manager.request('/orders', { method: 'POST', body: 'pin=1234' }))
    expect([response.status, server.count('orders'), server.count('refresh')]).toEqual([401, 1, 0])
    expect(await response.json()).toMatchObject({ error: { code: 'wrong_pin' } })
  })

  test('a 401 without a code is repeated once per token', async () => {
    const { server, manager } = await signedIn()
    server.next['orders'] = Array(1000).fill(() => new Response('no', { status: 401 }))
    for (let times = 0; times < 4; times += 1) {
      await passSeconds(60)
      expect(
        (await settle(manager.request('/orders', { method: 'POST', body: 'pin=1234' }))).status,
      ).toBe(401)
    }
    expect([server.count('orders'), server.count('refresh')]).toEqual([5, 1])
  })

  test('if the refresh fails for now, the caller gets a retryable error and no 401, which it would take for a logout', async () => {
    const { server, manager, ends } = await withForgottenToken()
    server.next['refresh'] = Array(1000).fill(() => refusal(503, 'unavailable'))
    await expect(settle(manager.request('/orders'))).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    })
    expect(ends()).toEqual([])
  })

  test('if the session is over, the caller gets the 401', async () => {
    const { server, manager, ends } = await withForgottenToken()
    server.revoked = 'refresh_token_revoked'
    expect((await settle(manager.request('/orders'))).status).toBe(401)
    expect(ends()).toEqual(['refresh_token_revoked'])
  })
})

describe('tokens are sent to allowed origins only', () => {
  test.each([
    'https://elsewhere.example/orders',
    'https://localhost:8000/orders',
    'http://localhost:8001/orders',
    'http://localhost.evil.example:8000/orders',
  ])('%s gets none, and its answer is ignored', async (url) => {
    const { server, manager } = await signedIn()
    const before = manager.refreshToken
    await passSeconds(60)
    server.next['orders'] = [() => json(401, {}, newPair(server, refreshTokenOf(1, 9)))]
    expect((await settle(manager.request(url))).status).toBe(401)
    expect(
      server.calls.map(({ path, headers }) => [
        path,
        headers.get('Authorization'),
        headers.get('X-Refresh-Token'),
      ]),
    ).toEqual([['orders', null, null]])
    expect(manager.refreshToken).toBe(before)
  })

  test('an allowed origin gets the access token, and never the refresh token', async () => {
    const { server, manager } = await signedIn({
      allowedOrigins: ['https://api.example.com/ignored'],
    })
    sleepMinutes(27)
    await settle(manager.request('https://api.example.com/orders'))
    expect(sentTo(server, 'orders')[0]?.headers.get('Authorization')).toMatch(/^Bearer e30/)
    expect(JSON.stringify([...(sentTo(server, 'orders')[0]?.headers ?? [])])).not.toContain('art_')
  })

  test('relative URLs start at baseURL, also if it has a path', async () => {
    const { server, manager } = await signedIn({ baseURL: 'http://localhost:8000/auth-proxy/' })
    await settle(manager.request('/orders'))
    await settle(manager.request('orders'))
    await settle(manager.refreshTokens())
    expect(server.calls.map(({ url }) => url)).toEqual([
      'http://localhost:8000/orders',
      'http://localhost:8000/auth-proxy/orders',
      'http://localhost:8000/auth-proxy/api/v1/auth/refresh',
    ])
  })

  test('an Authorization header of the caller is kept, and its 401 is returned', async () => {
    const { server, manager } = await withForgottenToken()
    expect(
      (await settle(manager.request('/orders', { headers: { Authorization: 'Basic YTpi' } })))
        .status,
    ).toBe(401)
    expect(server.calls.map(({ path, headers }) => [path, headers.get('Authorization')])).toEqual([
      ['orders', 'Basic YTpi'],
    ])
  })

  test('a request is sent without a token when not signed in', async () => {
    const { server, manager } = setUp()
    expect((await settle(manager.request('/orders'))).status).toBe(401)
    expect(server.calls.map(({ path, headers }) => [path, headers.get('Authorization')])).toEqual([
      ['orders', null],
    ])
  })
})

describe('a pair in a response', () => {
  test('is stored when it is newer', async () => {
    const { server, manager, events } = await signedIn()
    const headers = newPair(server, refreshTokenOf(1, 1))
    server.next['orders'] = [() => json(200, {}, headers)]
    await settle(manager.request('/orders'))
    expect([manager.accessToken, manager.refreshToken]).toEqual([
      headers['X-New-Access-Token'],
      refreshTokenOf(1, 1),
    ])
    await passSeconds(1)
    expect(events()).toEqual(['refreshed'])
    // Its lifetime is read from the token.
    expect(manager.session?.expiresInMs).toBeGreaterThan(1_790_000)
  })

  test.each([
    ['an older generation', refreshTokenOf(1, 1)],
    ['another session', refreshTokenOf(7, 5)],
  ])('is ignored when it belongs to %s', async (_, refreshToken) => {
    const { server, manager } = await signedIn()
    await settle(manager.refreshTokens())
    await settle(manager.refreshTokens())
    server.next['orders'] = [() => json(200, {}, newPair(server, refreshToken))]
    await settle(manager.request('/orders'))
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 2))
  })

  test('is ignored after a sign-out', async () => {
    const { server, manager } = await signedIn()
    server.next['orders'] = [() => json(200, {}, newPair(server, refreshTokenOf(1, 1)))]
    const request = manager.request('/orders')
    void manager.logout()
    await settle(request)
    expect(manager.session).toBeNull()
  })
})

describe('aborts and deadlines', () => {
  test('an aborted caller stops waiting, and the shared refresh continues for the others', async () => {
    const { server, manager } = await signedIn()
    sleepMinutes(31)
    server.latencyMs = 1000
    const abort = new AbortController()
    const given = manager.request('/orders', { signal: abort.signal })
    const kept = manager.request(
      new Request('http://localhost:8000/orders', { signal: new AbortController().signal }),
    )
    given.catch(() => {})
    await passSeconds(0.1)
    abort.abort(new Error('the user left'))
    await expect(given).rejects.toThrow('the user left')
    expect((await settle(kept)).status).toBe(200)
    expect([server.count('refresh'), server.count('orders')]).toEqual([1, 1])
  })

  test('a signal that is already aborted sends nothing', async () => {
    const { server, manager } = await signedIn()
    sleepMinutes(31)
    await expect(
      settle(manager.request('/orders', { signal: AbortSignal.abort() })),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect(server.count('orders')).toBe(0)
  })

  test('a call of the authentication API without a response ends with a timeout', async () => {
    const { server, manager } = setUp({ timeoutMs: 2000 })
    server.next['token'] = [() => new Promise(() => {})]
    const from = Date.now()
    await expect(settle(manager.login('admin', 'password'))).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
    })
    expect(Date.now() - from).toBeLessThan(2200)
  })
})

test('a due token is refreshed in parallel with the request, which does not wait for it', async () => {
  const { server, manager } = await signedIn()
  sleepMinutes(27)
  expect((await settle(manager.request('/orders'))).status).toBe(200)
  const paths = server.calls.map(({ path }) => path)
  expect([paths.length, new Set(paths)]).toEqual([2, new Set(['orders', 'refresh'])])
  await passMinutes(1)
  expect(manager.refreshToken).toBe(refreshTokenOf(1, 1))
})

test('fetch and the methods are bound', async () => {
  const { server, manager } = await signedIn()
  const { fetch, request, refreshTokens } = manager
  expect((await settle(fetch('/orders'))).status).toBe(200)
  expect((await settle(request('/orders'))).status).toBe(200)
  expect((await settle(refreshTokens())).status).toBe(200)
  expect(server.calls).toHaveLength(3)
})

test('without the option the global fetch is used, as it is at the time of the call', async () => {
  const { server } = setUp()
  const { manager } = setUp({ server, fetch: undefined as never })
  vi.stubGlobal('fetch', server.fetch)
  expect((await settle(manager.login('admin', 'password'))).status).toBe(200)
})

describe('a request of one user is never sent as another', () => {
  test("a 401 that arrives after another user's sign-in is returned", async () => {
    const { server, manager } = await signedIn()
    await passSeconds(60)
    server.next['orders'] = [
      () =>
        new Promise(
          (resolve) => void setTimeout(() => resolve(refusal(401, 'access_token_revoked')), 1000),
        ),
    ]
    const request = manager.request('/orders', { method: 'POST', body: 'amount=100' })
    await passSeconds(0.1)
    await settle(manager.logout())
    await settle(manager.login('admin', 'password'))
    expect((await settle(request)).status).toBe(401)
    expect(server.count('orders')).toBe(1)
  })

  test('also if that was in another tab, and the previous session has then ended here', async () => {
    const storage = memoryStorage()
    const { server, manager, ends } = await signedIn({ storage })
    await passSeconds(60)
    server.next['orders'] = [
      () =>
        new Promise(
          (resolve) => void setTimeout(() => resolve(refusal(401, 'access_token_revoked')), 1000),
        ),
    ]
    const request = manager.request('/orders', { method: 'POST', body: 'amount=100' })
    await passSeconds(0.1)
    server.session = 2
    await storage.save({
      accessToken: server.accessToken(),
      refreshToken: refreshTokenOf(2, 0),
      receivedAt: Date.now(),
      lifetimeMs: 1_800_000,
    })
    expect((await settle(request)).status).toBe(401)
    expect([server.count('orders'), ends(), manager.refreshToken]).toEqual([
      1,
      ['signed_out_elsewhere'],
      refreshTokenOf(2, 0),
    ])
  })

  test('a request that waits for a refresh during that is sent without a token', async () => {
    const { server, manager } = await signedIn()
    sleepMinutes(31)
    server.latencyMs = 1000
    const request = manager.request('/orders')
    await passSeconds(0.1)
    server.latencyMs = 10
    await settle(manager.login('admin', 'password'))
    expect((await settle(request)).status).toBe(401)
    expect(sentTo(server, 'orders').map(({ headers }) => headers.get('Authorization'))).toEqual([
      null,
    ])
  })
})
