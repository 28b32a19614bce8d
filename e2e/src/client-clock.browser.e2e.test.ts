import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually, letPass } from './eventually.ts'
import { REFRESH, startFrontEnd, type FrontEnd, type Tab } from './start-front-end.ts'

/** An access token lives 6 s and is renewed after half of them. There is no window in which a spent refresh token passes for a retry. */
const ENV = { ACCESS_TOKEN_EXPIRE_MINUTES: '0.1', REFRESH_GRACE_SECONDS: '0' }
const DAY_MS = 86_400_000

let front: FrontEnd
let context: BrowserContext
let counted: Awaited<ReturnType<FrontEnd['watch']>>

beforeAll(async () => {
  front = await startFrontEnd({ env: ENV, pageCache: true })
})
afterAll(() => front.close())
beforeEach(async () => {
  context = await front.newContext()
  counted = await front.watch()
})
afterEach(async () => {
  await context.close()
  front.api.forget()
})

const open = () => front.openTab(context, { baseURL: front.api.url })
/** Milliseconds from each refresh to the next. */
const gaps = () => front.api.of(REFRESH).map(({ at }, index, calls) => at - (calls[index - 1]?.at ?? -Infinity))
const generation = async (tab: Tab) => Number((await tab.look()).generation)
/** Moves the clock of all pages, those open and those to come, as its owner or a time server does. */
async function shiftClock(page: Tab['page'], shiftMs: number) {
  await page.evaluate((ms) => {
    const { now } = Date
    Date.now = () => now() + ms
  }, shiftMs)
}

test.each([
  ['ahead', DAY_MS],
  ['behind', -DAY_MS],
])('a clock that is a day %s changes nothing, over a reload neither', async (_, shiftMs) => {
  await context.addInitScript((ms) => {
    const { now } = Date
    Date.now = () => now() + ms
  }, shiftMs)
  const tab = await open()
  await tab.signIn()
  expect((await tab.look()).expiresInMs).toBeGreaterThan(3000)
  await eventually(async () => (await generation(tab)) >= 2, 20_000)
  expect(await tab.request()).toBe(200)
  await tab.page.reload()
  expect(await tab.request()).toBe(200)
  await eventually(async () => (await generation(tab)) >= 3, 20_000)
  for (const gap of gaps()) expect(gap).toBeGreaterThan(2000)
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})

test.each([
  ['forward', DAY_MS],
  ['back', -DAY_MS],
])('a clock that is put %s by a day under a running page costs one refresh at most', async (_, shiftMs) => {
  const tab = await open()
  await tab.signIn()
  await shiftClock(tab.page, shiftMs)
  expect(await Promise.all([1, 2, 3].map(() => tab.request()))).toEqual([200, 200, 200])
  await eventually(async () => (await generation(tab)) >= 3, 20_000)
  // The first is the one that the jump may cost.
  for (const gap of gaps().slice(1)) expect(gap).toBeGreaterThan(2000)
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})

test('three tabs that slept for longer than the token lives wake with one refresh between them', async () => {
  const tabs = [await open(), await open(), await open()] as const
  await tabs[0].signIn()
  await eventually(async () => (await Promise.all(tabs.map(generation))).every((value) => value === 0))
  const wake = await front.browser.sleep()
  front.api.calls.length = 0
  await letPass(7)
  expect(front.api.of(REFRESH)).toEqual([])
  wake()
  expect(await Promise.all(tabs.map((tab) => tab.request()))).toEqual([200, 200, 200])
  await eventually(() => front.api.of(REFRESH).length >= 3, 20_000)
  // The next one is due three seconds later.
  for (const gap of gaps()) expect(gap).toBeGreaterThan(2000)
  expect(await Promise.all(tabs.map(async (tab) => (await tab.look()).ended))).toEqual([[], [], []])
  expect(await counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})

test('a page that comes back from the cache of back and forward renews the token that expired meanwhile, once, and goes on', async () => {
  const tab = await open()
  await tab.signIn()
  await tab.page.evaluate(() => Object.assign(globalThis, { isTheSamePage: true }))
  const { refreshToken } = await tab.look()
  // Another site: nobody of ours is awake.
  await tab.page.goto(`http://localhost:${front.home.port}/api/v1/auth/`)
  front.api.calls.length = 0
  await letPass(7)
  expect(front.api.of(REFRESH)).toEqual([])
  await tab.page.goBack({ waitUntil: 'commit' })
  await eventually(async () => (await tab.page.evaluate(() => 'isTheSamePage' in globalThis).catch(() => false)))
  await eventually(async () => (await generation(tab)) >= 2, 20_000)
  expect(front.api.of(REFRESH)[0]?.body).toContain(refreshToken)
  for (const gap of gaps()) expect(gap).toBeGreaterThan(2000)
  expect(await tab.request()).toBe(200)
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})
