import { describe, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import { startEvilOrigin } from './harness/start-evil-origin.ts'
import { ME, REFRESH } from './harness/start-front-end.ts'
import { cut, lose, refuse } from './harness/start-faulty-proxy.ts'
import { withFrontEnd } from './harness/with-front-end.ts'

/**
 * No grace window: a spent refresh token ends its session, unless its Idempotency-Key is sent. A
 * token lives half an hour, whatever a page is told.
 */
const ENV = { REFRESH_GRACE_SECONDS: '0' }

const given = withFrontEnd({ env: ENV })

describe.each([
  ['one origin', 'home'],
  ['two origins', 'api'],
] as const)('page and API on %s', (_, side) => {
  const open = (options = {}) =>
    given.front.openTab(given.context, { baseURL: given.front[side].url, ...options })

  test('five requests with an expired token cause one refresh, and all succeed', async () => {
    const tab = await open({ claimedSeconds: 2 })
    await tab.signIn()
    await tab.stopTimer()
    await tab.expired()
    const statuses = await tab.page.evaluate(
      async (me) =>
        (await Promise.all([1, 2, 3, 4, 5].map(() => globalThis.front.manager.request(me)))).map(
          ({ status }) => status,
        ),
      ME,
    )
    expect(statuses).toEqual(Array(5).fill(200))
    expect(given.front[side].of(REFRESH)).toHaveLength(1)
    const { accessToken } = await tab.look()
    expect(given.front[side].of(ME).map(({ headers }) => headers.authorization)).toEqual(
      Array(5).fill(`Bearer ${accessToken}`),
    )
    expect(await given.counted()).toEqual({ rotated: 1, replayed: 0, reused: 0, alarms: 0 })
  })

  test('a 429 and a 503 are retried after their Retry-After with the same token, and cause no logout', async () => {
    const tab = await open()
    await tab.signIn()
    await tab.stopTimer()
    const faults = [refuse(429, 'rate_limited', 2), refuse(503, 'unavailable', 1)]
    given.front[side].faults.set(
      REFRESH,
      (forward, call) => faults.shift()?.(forward, call) ?? forward(),
    )
    await tab.refresh()
    const calls = given.front[side].of(REFRESH)
    expect(calls.map(({ status }) => status)).toEqual([429, 503, 200])
    const [first = 0, second = 0, third = 0] = calls.map(({ at }) => at)
    expect(second - first).toBeGreaterThan(2000)
    expect(third - second).toBeGreaterThan(1000)
    expect(
      new Set(calls.map(({ body, headers }) => body + String(headers['idempotency-key']))).size,
    ).toBe(1)
    expect(await tab.look()).toMatchObject({ generation: 1, ended: [], errors: [] })
    expect((await given.counted()).alarms).toBe(0)
  })

  test('a lost response is fetched again by the page, also after a reload, without a grace window', async () => {
    given.front[side].faults.set(REFRESH, lose)
    const tab = await open({ claimedSeconds: 6 })
    await tab.signIn()
    const { refreshToken } = await tab.look()
    await tab.page.evaluate(() => void globalThis.front.manager.refreshTokens().catch(() => {}))
    await eventually(async () => (await given.counted()).rotated === 1)
    await eventually(() => given.front[side].of(REFRESH).length >= 2)
    expect((await tab.look()).refreshToken).toBe(refreshToken)

    given.front[side].faults.set(REFRESH, cut)
    await tab.page.reload()
    const { length } = given.front[side].of(REFRESH)
    await eventually(() => given.front[side].of(REFRESH).length > length)
    given.front[side].faults.clear()
    await eventually(async () => Number((await tab.look()).generation) >= 1)
    expect(await tab.request()).toBe(200)
    expect(await tab.look()).toMatchObject({ ended: [] })
    expect(
      new Set(
        given.front[side]
          .of(REFRESH)
          .filter(({ body }) => body.includes(refreshToken ?? ''))
          .map(({ headers }) => headers['idempotency-key']),
      ).size,
    ).toBe(1)
    expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
  })
})

test("offline for longer than the token's life, a request waits and succeeds when the network is back, with one refresh", async () => {
  const tab = await given.front.openTab(given.context, { baseURL: given.front.api.url })
  await tab.signIn()
  await given.context.setOffline(true)
  await tab.page.evaluate(() => {
    const { now } = Date
    Date.now = () => now() + 3_600_000
  })
  await tab.expired()
  const answered = tab.page.evaluate(
    async (me) => [
      (await globalThis.front.manager.request(me)).status,
      globalThis.front.manager.session?.generation,
    ],
    ME,
  )
  await eventually(async () => (await tab.look()).expiresInMs === 0)
  expect(given.front.api.of(REFRESH)).toEqual([])
  await given.context.setOffline(false)
  expect(await answered).toEqual([200, 1])
  expect((await tab.look()).ended).toEqual([])
  expect((await given.counted()).alarms).toBe(0)
})

test('tokens are never sent to another origin, neither by the page nor by a redirect', async () => {
  const evil = await startEvilOrigin()
  const tab = await given.front.openTab(given.context, { baseURL: given.front.api.url })
  await tab.signIn()
  await tab.stopTimer()
  expect(await tab.request(`${evil.url}/named`)).toBe(401)
  const redirect = async () => ({
    status: 307,
    headers: { location: `${evil.url}/redirected`, ...evil.cors(given.front.home.url) },
    body: '',
  })
  given.front.api.faults.set(ME, redirect)
  expect(await tab.request()).toBe(401)
  given.front.api.faults.set(REFRESH, redirect)
  await tab.page.evaluate(() => void globalThis.front.manager.refreshTokens().catch(() => {}))
  await eventually(() => given.front.api.of(REFRESH).length >= 2)
  given.front.api.faults.clear()
  expect(await tab.refresh()).toMatch(/^eyJ/)
  expect(evil.reached.map(({ path }) => path)).toEqual(['/named', '/redirected'])
  expect(JSON.stringify(evil.reached)).not.toMatch(/eyJ|art_|theirs/)
  expect(await tab.look()).toMatchObject({ generation: 1, ended: [] })
  await evil.close()
})

test.each(['home', 'api'] as const)(
  'with the cookie transport no script can read the refresh token, and it survives a reload (API on the origin of %s)',
  async (side) => {
    const tab = await given.front.openTab(given.context, {
      baseURL: given.front[side].url,
      transport: 'cookie',
      storage: 'memory',
    })
    const answer = await tab.page.evaluate(async () =>
      JSON.stringify(await globalThis.front.manager.login('admin', 'password')),
    )
    expect(answer).not.toContain('art_')
    await tab.refresh()
    const readable = () =>
      tab.page.evaluate(async () =>
        JSON.stringify([
          document.cookie,
          localStorage,
          sessionStorage,
          await indexedDB.databases(),
          await caches.keys(),
          globalThis.front.manager.refreshToken,
          location.href,
        ]),
      )
    expect(await readable()).toMatch(/^\["",\{\},\{\},\[\],\[\],null,/)
    await tab.page.reload()
    expect(await tab.request()).toBe(200)
    expect(await readable()).toMatch(/^\["",\{\},\{\},\[\],\[\],null,/)
    expect(await given.context.cookies(given.front[side].url)).toMatchObject([
      {
        name: 'refresh_token',
        httpOnly: true,
        sameSite: 'Lax',
        value: expect.stringMatching(/^art_/),
      },
    ])
    expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
    expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
  },
)

test('another page cannot spend the cookie: another site does not send it, and another port is refused', async () => {
  const tab = await given.front.openTab(given.context, {
    baseURL: given.front.api.url,
    transport: 'cookie',
    storage: 'memory',
  })
  await tab.signIn()
  await tab.stopTimer()
  const attack = async (to: string) => {
    const sent = { method: 'POST', credentials: 'include' } as const
    await fetch(to, { ...sent, mode: 'no-cors' }).catch(() => {})
    // The proof without an Origin header: a page cannot send it, because the preflight forbids it.
    await fetch(to, { ...sent, headers: { 'X-Auto-Refresh': '1' } }).catch(() => {})
  }
  const neighbour = await startEvilOrigin()
  for (const origin of [neighbour.url, neighbour.url.replace('127.0.0.1', 'localhost')]) {
    const page = await given.context.newPage()
    await page.goto(`${origin}/evil`)
    await page.evaluate(attack, `${given.front.api.url}${REFRESH}`)
  }
  const [near, far, ...more] = given.front.api.of(REFRESH)
  expect(more).toEqual([])
  expect([
    near?.status,
    near?.headers.cookie?.includes('refresh_token=art_'),
    near?.headers.origin,
  ]).toEqual([403, true, neighbour.url])
  expect([far?.status, far?.headers.cookie]).toEqual([400, undefined])
  expect(await given.counted()).toEqual({ rotated: 0, replayed: 0, reused: 0, alarms: 0 })
  await tab.refresh()
  expect(await tab.request()).toBe(200)
  await neighbour.close()
})
