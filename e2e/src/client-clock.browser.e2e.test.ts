import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually, waitSeconds } from '@auto-refresh/test-engines'
import { REFRESH, type Tab } from './harness/start-front-end.ts'
import type { Fault } from './harness/start-faulty-proxy.ts'
import { withFrontEnd } from './harness/with-front-end.ts'

/** There is no window in which a spent refresh token passes for a retry. */
const given = withFrontEnd({ env: { REFRESH_GRACE_SECONDS: '0' }, pageCache: true })

const DAY_MS = 86_400_000
/**
 * Pages are told that a token lives so long, and renew it after half of that, or up to a tenth of
 * the half earlier.
 */
const TOLD_SECONDS = 6
const open = (toldSeconds = TOLD_SECONDS) =>
  given.front.openTab(given.context, { baseURL: given.front.api.url, toldSeconds })
/**
 * The most renewals that there can have been since then, each in its time. Whatever comes late
 * makes them fewer.
 */
const mostSince = (fromMs: number, toldSeconds = TOLD_SECONDS) =>
  Math.floor((performance.now() - fromMs) / (toldSeconds * 448))
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
  'a clock that is put %s by a day under a running page costs one refresh at most',
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

/**
 * Gives what a tab has written the time to be seen in the others: a browser brings it to them when
 * it can.
 */
const slowly: Fault = async (forward) => {
  const answer = await forward()
  await pause(1000)
  return answer
}

test('three tabs that slept for longer than the token lives wake with one refresh between them', async () => {
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
  // One may have been under way.
  expect(asleep - before).toBeLessThanOrEqual(1)
  expect(await Promise.all(tabs.map((tab) => tab.request()))).toEqual([200, 200, 200])
  await eventually(() => given.front.renewals() - asleep >= 2)
  expect(given.front.renewals() - asleep).toBeLessThanOrEqual(1 + mostSince(from))
  expect(await Promise.all(tabs.map(async (tab) => (await tab.look()).ended))).toEqual([[], [], []])
  expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
})

/** Lets an hour pass while the page lies in the cache. */
const skipHourWhenPutAway = () => {
  const { now } = Date
  let skippedMs = 0
  Date.now = () => now() + skippedMs
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) skippedMs += 3_600_000
  })
}

test('a page that comes back from the cache of back and forward renews the token that expired meanwhile, once, and goes on', async () => {
  await given.context.addInitScript(skipHourWhenPutAway)
  const from = performance.now()
  const tab = await open(20)
  await tab.signIn()
  await tab.page.evaluate(() => Object.assign(globalThis, { isTheSamePage: true }))
  const { refreshToken } = await tab.look()
  // Another site: nobody of ours is awake.
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
