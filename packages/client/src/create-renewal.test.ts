import { describe, expect, test, vi } from 'vitest'
import { memoryStorage } from './index.ts'
import { fakeAuthServer, refreshTokenOf, refusal } from './testing/fake-auth-server.ts'
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

const DAY = 24 * 60

test('a token of 30 days does not overflow the timer into a loop', async () => {
  const { server } = await signedIn({
    server: fakeAuthServer({ lifeSeconds: 30 * 86_400, sessionSeconds: 1e9 }),
  })
  await passMinutes(1)
  expect(server.count('refresh')).toBe(0)
  await passMinutes(25 * DAY)
  expect(server.count('refresh')).toBe(0)
  await passMinutes(5 * DAY)
  expect(server.count('refresh')).toBe(1)
})

test.each([
  [300, 300],
  [60, 300],
  [3, 300],
  [1800, 100_000],
])(
  'a token of %d s with a threshold of %d s is refreshed at half of its life',
  async (lifeSeconds, threshold) => {
    const { server, manager } = await signedIn({
      server: fakeAuthServer({ lifeSeconds }),
      threshold,
    })
    for (let times = 0; times < 10; times += 1) await settle(manager.request('/cases'))
    expect(server.count('refresh')).toBe(0)
    await passSeconds(lifeSeconds * 5)
    expect(server.count('refresh')).toBeGreaterThanOrEqual(9)
    expect(server.count('refresh')).toBeLessThanOrEqual(12)
  },
)

test('the refreshes of many tabs are spread', async () => {
  const at: number[] = []
  for (let tab = 0; tab < 10; tab += 1) {
    const { server } = await signedIn()
    const from = performance.now()
    server.next['refresh'] = [() => (at.push(performance.now() - from), refusal(403, 'forbidden'))]
  }
  await passMinutes(26)
  expect(at.length).toBe(10)
  expect(Math.max(...at) - Math.min(...at)).toBeGreaterThan(2000)
})

test('the last token of a session is not refreshed early', async () => {
  const { server, ends, manager } = await signedIn({
    server: fakeAuthServer({ lifeSeconds: 100, sessionSeconds: 100 }),
  })
  await passSeconds(99)
  expect([server.count('refresh'), ends()]).toEqual([0, []])
  server.next['refresh'] = [() => refusal(401, 'refresh_token_expired')]
  await passSeconds(2)
  expect((await settle(manager.request('/cases'))).status).toBe(401)
  expect(ends()).toEqual(['refresh_token_expired'])
})

describe('after sleep', () => {
  const wakers = () => {
    const listeners = new Map<string, () => void>()
    vi.stubGlobal('addEventListener', (event: string, listener: () => void) =>
      listeners.set(event, listener),
    )
    vi.stubGlobal('removeEventListener', () => {})
    return { wake: () => listeners.forEach((listener) => listener()), listeners }
  }

  test('a laptop that wakes up refreshes once', async () => {
    const { wake } = wakers()
    const { server, manager } = await signedIn()
    sleepMinutes(600)
    wake()
    const answers = settle(Promise.all(Array.from({ length: 20 }, () => manager.request('/cases'))))
    wake()
    expect((await answers).map(({ status }) => status)).toEqual(Array(20).fill(200))
    wake()
    await passMinutes(1)
    expect(server.count('refresh')).toBe(1)
  })

  test('a laptop that wakes up without network retries, and the user stays signed in', async () => {
    const { wake } = wakers()
    const { server, ends } = await signedIn()
    server.next['refresh'] = Array(10_000).fill(() => {
      throw new TypeError('offline')
    })
    sleepMinutes(600)
    wake()
    await passMinutes(60)
    const tries = server.count('refresh')
    expect(tries).toBeGreaterThan(10)
    expect(tries).toBeLessThan(600)
    server.next['refresh'] = []
    wake()
    // A series of retries may just have ended: the next one starts within two minutes.
    await passMinutes(3)
    expect(server.generation).toBe(1)
    // The last retry may still have been in progress.
    expect(server.count('refresh') - tries).toBeLessThanOrEqual(1)
    expect(ends()).toEqual([])
  })

  test('a page that wakes up with a token that is not due does nothing', async () => {
    const { wake } = wakers()
    const { server } = await signedIn()
    wake()
    await passMinutes(1)
    expect(server.calls).toEqual([])
  })
})

describe('a wrong clock', () => {
  test.each([
    ['a day slow', -DAY],
    ['a day fast', DAY],
  ])('%s: the token lives as long as the server said', async (_, minutes) => {
    vi.setSystemTime(Date.now() + minutes * 60_000)
    const { server, manager } = await signedIn()
    await passMinutes(20)
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(server.count('refresh')).toBe(0)
    await passMinutes(9)
    expect(server.count('refresh')).toBe(1)
  })

  test('set back while the page runs: the token is still refreshed in time', async () => {
    const { server } = await signedIn()
    await passMinutes(10)
    vi.setSystemTime(Date.now() - DAY * 60_000)
    await passMinutes(16)
    expect(server.count('refresh')).toBe(1)
  })

  test('set forward while the page runs: one refresh, no loop', async () => {
    const { server, manager } = await signedIn()
    vi.setSystemTime(Date.now() + DAY * 60_000)
    for (let times = 0; times < 5; times += 1)
      expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(server.count('refresh')).toBe(1)
  })

  test('set back before a reload, so that the stored arrival is in the future: one refresh, no loop', async () => {
    const storage = memoryStorage()
    const { server } = await signedIn({ storage })
    sleepMinutes(1)
    vi.setSystemTime(Date.now() - DAY * 60_000)
    const reloaded = setUp({ server, storage: { ...storage } })
    for (let times = 0; times < 5; times += 1)
      expect((await settle(reloaded.manager.request('/cases'))).status).toBe(200)
    await passMinutes(10)
    expect(server.count('refresh')).toBe(1)
  })

  test('after a reload the age continues from the arrival', async () => {
    const storage = memoryStorage()
    const { server } = await signedIn({ storage })
    sleepMinutes(20)
    setUp({ server, storage: { ...storage } })
    await passMinutes(4)
    expect(server.count('refresh')).toBe(0)
    await passMinutes(2)
    expect(server.count('refresh')).toBe(1)
  })
})

test('dispose stops the timer and keeps the session', async () => {
  const storage = memoryStorage()
  const { server, manager } = await signedIn({ storage })
  manager.dispose()
  expect(vi.getTimerCount()).toBe(0)
  await passMinutes(60)
  expect(server.calls).toEqual([])
  expect(storage.load()).toMatchObject({ refreshToken: refreshTokenOf(1, 0) })
})

test('a manager disposed of at once or during a refresh starts no timer (React mounts twice)', async () => {
  const storage = memoryStorage()
  const { server, manager } = await signedIn({
    storage,
    server: fakeAuthServer({ lifeSeconds: 60 }),
  })
  manager.dispose()
  setUp({ server, storage }).manager.dispose()
  await passMinutes(5)
  expect(server.calls).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
  const other = setUp({ server, storage })
  server.next['refresh'] = Array(1000).fill(() => refusal(403, 'forbidden'))
  server.latencyMs = 1000
  const refresh = other.manager.refreshTokens()
  other.manager.dispose()
  await expect(settle(refresh)).rejects.toMatchObject({ code: 'forbidden' })
  expect(vi.getTimerCount()).toBe(0)
})
