import { expect, test } from 'vitest'
import { eventually, letPass } from './eventually.ts'
import { REFRESH, type Tab } from './start-front-end.ts'
import { withFrontEnd } from './with-front-end.ts'

/** An access token lives 6 s and is renewed after half of them. There is no window in which a spent refresh token passes for a retry. */
const ENV = { ACCESS_TOKEN_EXPIRE_MINUTES: '0.1', REFRESH_GRACE_SECONDS: '0' }
const DAY_MS = 86_400_000

const given = withFrontEnd({ env: ENV, pageCache: true })

const open = () => given.front.openTab(given.context, { baseURL: given.front.api.url })
/** Milliseconds from each refresh to the next. */
const gaps = () => given.front.api.of(REFRESH).map(({ at }, index, calls) => at - (calls[index - 1]?.at ?? -Infinity))
const generation = async (tab: Tab) => Number((await tab.look()).generation)
/** Moves the clock of a page, as its owner or a time server does. */
const shiftClock = (ms: number) => {
  const { now } = Date
  Date.now = () => now() + ms
}

test.each([
  ['ahead', DAY_MS],
  ['behind', -DAY_MS],
])('a clock that is a day %s changes nothing, over a reload neither', async (_, shiftMs) => {
  await given.context.addInitScript(shiftClock, shiftMs)
  const tab = await open()
  await tab.signIn()
  expect((await tab.look()).expiresInMs).toBeGreaterThan(3000)
  await eventually(async () => (await generation(tab)) >= 1, 20_000)
  expect(await tab.request()).toBe(200)
  await tab.page.reload()
  expect(await tab.request()).toBe(200)
  await eventually(async () => (await generation(tab)) >= 2, 20_000)
  for (const gap of gaps()) expect(gap).toBeGreaterThan(2000)
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await given.counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})

test.each([
  ['forward', DAY_MS],
  ['back', -DAY_MS],
])('a clock that is put %s by a day under a running page costs one refresh at most', async (_, shiftMs) => {
  const tab = await open()
  await tab.signIn()
  await tab.page.evaluate(shiftClock, shiftMs)
  expect(await Promise.all([1, 2, 3].map(() => tab.request()))).toEqual([200, 200, 200])
  await eventually(async () => (await generation(tab)) >= 3, 20_000)
  // The first is the one that the jump may cost.
  for (const gap of gaps().slice(1)) expect(gap).toBeGreaterThan(2000)
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await given.counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})

test('three tabs that slept for longer than the token lives wake with one refresh between them', async () => {
  const tabs = [await open(), await open(), await open()] as const
  await tabs[0].signIn()
  await eventually(async () => (await Promise.all(tabs.map(generation))).every((value) => value === 0))
  const wake = await given.front.browser.sleep()
  given.front.api.calls.length = 0
  await letPass(7)
  expect(given.front.api.of(REFRESH)).toEqual([])
  wake()
  expect(await Promise.all(tabs.map((tab) => tab.request()))).toEqual([200, 200, 200])
  await eventually(() => given.front.api.of(REFRESH).length >= 3, 20_000)
  // The next one is due three seconds later.
  for (const gap of gaps()) expect(gap).toBeGreaterThan(2000)
  expect(await Promise.all(tabs.map(async (tab) => (await tab.look()).ended))).toEqual([[], [], []])
  expect(await given.counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})

test('a page that comes back from the cache of back and forward renews the token that expired meanwhile, once, and goes on', async () => {
  const tab = await open()
  await tab.signIn()
  await tab.page.evaluate(() => Object.assign(globalThis, { isTheSamePage: true }))
  const { refreshToken } = await tab.look()
  // Another site: nobody of ours is awake.
  await tab.page.goto(`http://localhost:${given.front.home.port}/api/v1/auth/`)
  given.front.api.calls.length = 0
  await letPass(7)
  expect(given.front.api.of(REFRESH)).toEqual([])
  await tab.page.goBack({ waitUntil: 'commit' })
  await eventually(async () => (await tab.page.evaluate(() => 'isTheSamePage' in globalThis).catch(() => false)))
  await eventually(async () => (await generation(tab)) >= 2, 20_000)
  expect(given.front.api.of(REFRESH)[0]?.body).toContain(refreshToken)
  for (const gap of gaps()) expect(gap).toBeGreaterThan(2000)
  expect(await tab.request()).toBe(200)
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await given.counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})
