import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually, waitSeconds } from '@auto-refresh/test-engines'
import { REFRESH, type Tab } from './harness/start-front-end.ts'
import type { Fault } from './harness/start-faulty-proxy.ts'
import { withFrontEnd } from './harness/with-front-end.ts'

/** No grace window: a spent refresh token is never accepted as a retry. */
const given = withFrontEnd({ env: { REFRESH_GRACE_SECONDS: '0' }, pageCache: true })

const DAY_MS = 86_400_000
/**
 * The lifetime that pages are told. They refresh after half of it, or up to a tenth of that half
 * earlier.
 */
const TOLD_SECONDS = 6
const open = (claimedSeconds = TOLD_SECONDS) =>
  given.front.openTab(given.context, { baseURL: given.front.api.url, claimedSeconds })
/** The maximum number of refreshes that fit into the time. A late one reduces the number. */
const mostSince = (fromMs: number, claimedSeconds = TOLD_SECONDS) =>
  Math.floor((performance.now() - fromMs) / (claimedSeconds * 448))
const generation = async (tab: Tab) => Number((await tab.look()).generation)
/** Sets the clock of a page, as its user or a time server does. */
const shiftClock = (ms: number) => {
  const { now } = Date
  Date.now = () => now() + ms
}

test.each([
  ['ahead', DAY_MS],
  ['behind', -DAY_MS],
])('a clock that is a day %s changes nothing, even over a reload', async (_, shiftMs) => {
  await given.context.addInitScript(shiftClock, shiftMs)
  const fresh = await open(1800)
  await fresh.signIn()
  for (const go of [() => fresh.page.reload(), () => fresh.page.close()]) {
    expect(await fresh.request()).toBe(200)
    const { expiresInMs } = await fresh.look()
    expect(expiresInMs).toBeGreaterThan(1_000_000)
    expect(expiresInMs).toBeLessThanOrEqual(1_800_000)
    await go()
  }
  expect(given.front.renewals()).toBe(0)

  const from = performance.now()
  const tab = await open()
  await tab.signIn()
  await eventually(async () => (await generation(tab)) >= 1)
  expect(await tab.request()).toBe(200)
  await tab.page.reload()
  expect(await tab.request()).toBe(200)
  await eventually(async () => (await generation(tab)) >= 2)
  expect(given.front.renewals()).toBeLessThanOrEqual(mostSince(from))
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await given.counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})

test.each([
  ['forward', DAY_MS],
  ['back', -DAY_MS],
])(
  'a clock that is set %s by a day on a running page costs at most one refresh',
  async (_, shiftMs) => {
    const from = performance.now()
    const tab = await open()
    await tab.signIn()
    await tab.page.evaluate(shiftClock, shiftMs)
    expect(await Promise.all([1, 2, 3].map(() => tab.request()))).toEqual([200, 200, 200])
    await eventually(async () => (await generation(tab)) >= 3)
    expect(given.front.renewals()).toBeLessThanOrEqual(1 + mostSince(from))
    expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
    expect(await given.counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
  },
)

/** Waits until a tab's writes are visible in the others: a browser delivers them when it can. */
const slowly: Fault = async (forward) => {
  const answer = await forward()
  await pause(1000)
  return answer
}

test("three tabs that slept longer than the token's life wake up with one refresh", async () => {
  given.front.api.faults.set(REFRESH, slowly)
  const tabs = [await open(), await open(), await open()] as const
  await tabs[0].signIn()
  await eventually(async () =>
    (await Promise.all(tabs.map((tab) => tab.look()))).every(
      ({ sessionId }) => sessionId !== undefined,
    ),
  )
  const before = given.front.renewals()
  const wake = await given.front.browser.sleep()
  await waitSeconds(TOLD_SECONDS + 1)
  const asleep = given.front.renewals()
  const from = performance.now()
  wake()
  // One may have been in progress.
  expect(asleep - before).toBeLessThanOrEqual(1)
  expect(await Promise.all(tabs.map((tab) => tab.request()))).toEqual([200, 200, 200])
  await eventually(() => given.front.renewals() - asleep >= 2)
  expect(given.front.renewals() - asleep).toBeLessThanOrEqual(1 + mostSince(from))
  expect(await Promise.all(tabs.map(async (tab) => (await tab.look()).ended))).toEqual([[], [], []])
  expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
})

/** Passes an hour while the page is in the cache. */
const skipHourWhenPutAway = () => {
  const { now } = Date
  let skippedMs = 0
  Date.now = () => now() + skippedMs
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) skippedMs += 3_600_000
  })
}

test('a page restored from the back/forward cache refreshes its expired token once and continues', async () => {
  await given.context.addInitScript(skipHourWhenPutAway)
  const from = performance.now()
  const tab = await open(20)
  await tab.signIn()
  await tab.page.evaluate(() => Object.assign(globalThis, { isTheSamePage: true }))
  const { refreshToken } = await tab.look()
  // Another site, so that no page of the front end is active.
  await tab.page.goto(`http://localhost:${given.front.home.port}/api/v1/auth/`)
  await tab.page.goBack({ waitUntil: 'commit' })
  await eventually(
    async () => await tab.page.evaluate(() => 'isTheSamePage' in globalThis).catch(() => false),
  )
  await eventually(async () => (await generation(tab)) >= 2)
  expect(given.front.api.of(REFRESH)[0]?.body).toContain(refreshToken)
  expect(given.front.renewals()).toBeLessThanOrEqual(1 + mostSince(from, 20))
  expect(await tab.request()).toBe(200)
  expect(await tab.look()).toMatchObject({ ended: [], errors: [] })
  expect(await given.counted()).toMatchObject({ replayed: 0, reused: 0, alarms: 0 })
})
