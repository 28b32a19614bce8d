import { describe, expect, test, vi } from 'vitest'
import { memoryStorage, webStorage } from './index.ts'
import { fakeAuthServer, refusal } from './testing/fake-auth-server.ts'
import {
  passSeconds,
  setUp,
  settle,
  signedIn,
  sleepMinutes,
  whenOnline,
  withFakeClock,
} from './testing/set-up.ts'
import { webArea } from './testing/web-area.ts'

withFakeClock()

const cookie = () => ({ server: fakeAuthServer({ cookies: true }), transport: 'cookie' as const })

test('the script never has the refresh token, and each call carries the CSRF proof', async () => {
  const area = webArea()
  const { server, manager } = setUp({ ...cookie(), storage: webStorage(area) })
  await settle(manager.login('admin', 'password'))
  await settle(manager.refreshTokens())
  await settle(manager.logout())
  expect(
    server.calls.map(({ path, headers, body }) => [path, headers.get('X-Auto-Refresh'), body]),
  ).toEqual([
    [
      'token',
      '1',
      JSON.stringify({ username: 'admin', password: 'password', transport: 'cookie' }),
    ],
    ['refresh', '1', '{}'],
    ['logout', '1', '{}'],
  ])
  expect(manager.refreshToken).toBeNull()
})

test('a refresh by cookie sends the access token too, because the browser may have several cookies', async () => {
  const { server, manager } = await signedIn(cookie())
  const before = manager.accessToken
  await settle(manager.refreshTokens())
  expect(server.calls.find(({ path }) => path === 'refresh')?.headers.get('Authorization')).toBe(
    `Bearer ${before}`,
  )
})

test('a reload without stored tokens finds its session by the cookie, with one request', async () => {
  const { server } = await signedIn(cookie())
  const reloaded = setUp({ server, transport: 'cookie', storage: memoryStorage() })
  const answers = await settle(Promise.all([1, 2, 3].map(() => reloaded.manager.request('/cases'))))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(server.count('refresh')).toBe(1)
})

test('a visitor without a cookie causes one request and no session-ended event', async () => {
  const { server, manager, seen } = setUp(cookie())
  server.next['refresh'] = Array(9).fill(() => refusal(400, 'refresh_token_missing'))
  for (let times = 0; times < 3; times += 1)
    expect((await settle(manager.request('/cases'))).status).toBe(401)
  expect([server.count('refresh'), seen]).toEqual([1, []])
})

test('a missing cookie ends the session', async () => {
  const { server, manager, ends } = await signedIn(cookie())
  server.next['refresh'] = [() => refusal(400, 'refresh_token_missing')]
  await expect(settle(manager.refreshTokens())).rejects.toMatchObject({
    code: 'refresh_token_missing',
  })
  expect(ends()).toEqual(['refresh_token_missing'])
})

test('a due token is refreshed before the request, because the server would rotate it on a response that may get lost', async () => {
  const { server, manager } = await signedIn(cookie())
  sleepMinutes(27)
  await settle(manager.request('/cases'))
  expect(server.calls.map(({ path }) => path)).toEqual(['refresh', 'cases'])
})

test('a pair that the server refreshed during a request is stored, unless it belongs to an older token', async () => {
  const { server, manager } = await signedIn(cookie())
  const [early, late] = [server.accessToken(), server.accessToken()]
  const renewedTo = (token: string) => () =>
    new Response('{}', { headers: { 'X-Token-Refreshed': 'true', 'X-New-Access-Token': token } })
  server.next['cases'] = [
    renewedTo(late),
    () => new Promise((resolve) => void setTimeout(() => resolve(renewedTo(early)()), 1000)),
  ]
  await settle(Promise.all([manager.request('/cases'), manager.request('/cases')]))
  expect(manager.accessToken).toBe(late)
})

const offline = () => {
  throw new TypeError('Failed to fetch')
}
const keysOf = (server: ReturnType<typeof fakeAuthServer>) =>
  new Set(
    server.calls
      .filter(({ path }) => path === 'refresh')
      .map(({ headers }) => headers.get('Idempotency-Key')),
  )

describe('while the answer to a refresh is lost', () => {
  test('no request is sent with the spent cookie, which would look stolen', async () => {
    const { server, manager } = await signedIn(cookie())
    sleepMinutes(27)
    server.next['refresh'] = Array(1000).fill(offline)
    await expect(settle(manager.request('/cases'))).rejects.toMatchObject({
      code: 'network_error',
      retryable: true,
    })
    expect(server.count('cases')).toBe(0)
    server.next['refresh'] = []
    await passSeconds(2)
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(keysOf(server).size).toBe(1)
  })

  test('the online event ends the wait for the next retry', async () => {
    const online = whenOnline()
    vi.spyOn(Math, 'random').mockReturnValue(0.99)
    const { server, manager } = await signedIn(cookie())
    sleepMinutes(27)
    server.next['refresh'] = Array(5).fill(offline)
    const request = manager.request('/cases')
    await passSeconds(6)
    online()
    await passSeconds(0.1)
    expect((await request).status).toBe(200)
    vi.restoreAllMocks()
  })

  test('the next page load has the key, wherever the access token is stored', async () => {
    const area = webArea()
    vi.stubGlobal('localStorage', area)
    // With the longest pauses the first page does not retry while the second one is open.
    vi.spyOn(Math, 'random').mockReturnValue(0.99)
    const { server, manager } = await signedIn(cookie())
    server.next['refresh'] = [server.loseRefresh, ...Array(1000).fill(offline)]
    manager.refreshTokens().catch(() => {})
    await passSeconds(0.1)
    manager.dispose()
    const reloaded = setUp({ server, transport: 'cookie', storage: memoryStorage() })
    server.next['refresh'] = []
    expect((await settle(reloaded.manager.request('/cases'))).status).toBe(200)
    expect([server.count('refresh'), keysOf(server).size]).toEqual([2, 1])
    await settle(reloaded.manager.refreshTokens())
    expect(keysOf(server).size).toBe(2)
    vi.restoreAllMocks()
  })
})

describe('a sign-out without network', () => {
  test.each([
    ['memory', memoryStorage],
    ['a storage', () => webStorage(localStorage)],
  ])('is not undone by a reload (%s), which sends it to the server', async (_, storage) => {
    vi.stubGlobal('localStorage', webArea())
    const { server, manager } = await signedIn({ ...cookie(), storage: storage() })
    server.next['logout'] = [
      () => new Response('<html>Welcome to the hotel</html>'),
      ...Array<typeof offline>(1000).fill(offline),
    ]
    await settle(manager.logout())
    const reloaded = setUp({ server, transport: 'cookie', storage: storage() })
    await expect(settle(reloaded.manager.request('/cases'))).rejects.toMatchObject({
      code: 'network_error',
      retryable: true,
    })
    server.next['logout'] = []
    await passSeconds(2)
    expect((await settle(reloaded.manager.request('/cases'))).status).toBe(401)
    expect([server.count('refresh'), server.revoked, reloaded.manager.session]).toEqual([
      0,
      'refresh_token_revoked',
      null,
    ])
    await settle(reloaded.manager.login('admin', 'password'))
    await settle(reloaded.manager.refreshTokens())
    expect(server.count('refresh')).toBe(1)
  })

  test('is dropped at the next sign-in', async () => {
    vi.stubGlobal('localStorage', webArea())
    const { server, manager } = await signedIn(cookie())
    server.next['logout'] = [offline]
    await settle(manager.logout())
    await settle(manager.login('admin', 'password'))
    await settle(manager.refreshTokens())
    expect([server.count('refresh'), localStorage.length]).toEqual([1, 0])
  })
})

test('a sign-in of another user in another tab replaces the cookie and ends the previous session', async () => {
  const { server, manager, ends } = await signedIn(cookie())
  server.session = 2
  await settle(manager.refreshTokens())
  expect([ends(), manager.session?.sessionId]).toEqual([
    ['signed_out_elsewhere'],
    '00000000-0000-0000-0000-000000000002',
  ])
})

test('a sign-in waits for a refresh in progress, whose cookie would replace its own', async () => {
  const { server, manager } = setUp(cookie())
  server.latencyMs = 500
  manager.request('/cases').catch(() => {})
  await passSeconds(0.1)
  await settle(manager.login('admin', 'password'))
  expect(server.calls.map(({ path }) => path).filter((path) => path !== 'cases')).toEqual([
    'refresh',
    'token',
  ])
})

test("a page that moves from the guide's client, with its refresh token in the storage, keeps its session", async () => {
  const { server } = await signedIn()
  const area = webArea({ access_token: server.accessToken(), refresh_token: server.refreshToken() })
  const { manager, ends } = setUp({ server, transport: 'cookie', storage: webStorage(area) })
  expect((await settle(manager.request('/cases'))).status).toBe(200)
  expect([server.count('refresh'), server.generation, ends()]).toEqual([1, 1, []])
})
