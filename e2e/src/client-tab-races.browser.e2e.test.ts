import { expect, test } from 'vitest'
import { eventually, waitSeconds } from '@auto-refresh/test-engines'
import { ME, REFRESH, type Tab } from './harness/start-front-end.ts'
import { holdUp, refuse, type Call } from './harness/start-faulty-proxy.ts'
import { withFrontEnd } from './harness/with-front-end.ts'

/**
 * No grace window: a spent refresh token ends its session, unless its Idempotency-Key is sent. A
 * token lives half an hour, so no page refreshes it on its own.
 */
const ENV = { REFRESH_GRACE_SECONDS: '0' }
const withoutLocks = () => Object.defineProperty(navigator, 'locks', { value: undefined })

const given = withFrontEnd({ env: ENV })

/** Tabs of one user, signed in from the first. */
async function openTabs(number = 3, claim: { claimedSeconds?: number } = {}): Promise<Tab[]> {
  const options = { baseURL: given.front.api.url, ...claim }
  const first = await given.front.openTab(given.context, options)
  await first.signIn()
  return [
    first,
    ...(await Promise.all(
      Array.from({ length: number - 1 }, () => given.front.openTab(given.context, options)),
    )),
  ]
}
const ended = (tabs: Tab[]) => Promise.all(tabs.map(async (tab) => (await tab.look()).ended))
const generations = (tabs: Tab[]) =>
  Promise.all(tabs.map(async (tab) => (await tab.look()).generation))
const keyOf = ({ headers }: Call) => headers['idempotency-key']
/** A tab's writes become visible in the others when the browser delivers them. */
const see = (tabs: Tab[], text: string) =>
  eventually(async () =>
    (
      await Promise.all(
        tabs.map((tab) =>
          tab.page.evaluate((part) => JSON.stringify(localStorage).includes(part), text),
        ),
      )
    ).every(Boolean),
  )

/**
 * The first tab starts a refresh that the server performs; its response is held until `release`.
 */
async function holdRefresh([first, ...others]: Tab[]) {
  const hold = holdUp({ handled: true })
  given.front.api.faults.set(REFRESH, (forward, call) =>
    given.front.api.of(REFRESH).length === 1 ? hold.fault(forward, call) : forward(),
  )
  await first?.page.evaluate(() => void globalThis.front.manager.refreshTokens().catch(() => {}))
  await hold.arrived()
  await see(others, String(given.front.api.of(REFRESH).map(keyOf)[0]))
  return hold
}
/** In such a tab a wait of seconds never ends. */
const loseWaits = () => {
  const { setTimeout: set } = globalThis
  globalThis.setTimeout = ((work: () => void, ms = 0) =>
    ms >= 4000 && ms <= 20_000 ? 0 : set(work, ms)) as typeof setTimeout
}

test.each([
  ['closed', (tab: Tab) => tab.page.close()],
  ['crashed', (tab: Tab) => tab.page.goto('chrome://crash').catch(() => {})],
])('a tab that is %s during a refresh does not block the others', async (_, kill) => {
  const tabs = await openTabs()
  const [victim, ...others] = tabs as [Tab, Tab, Tab]
  const hold = await holdRefresh(tabs)
  await kill(victim)
  await Promise.all(
    others.map(async (tab) => {
      await tab.page.evaluate(loseWaits)
      await tab.refresh()
    }),
  )
  hold.release()
  expect(await Promise.all(others.map((tab) => tab.request()))).toEqual([200, 200])
  // The first tab's pair, fetched under the key that it had stored.
  const [first, second] = given.front.api.of(REFRESH)
  expect(second && keyOf(second)).toBe(first && keyOf(first))
  expect(await ended(others)).toEqual([[], []])
  expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
})

test('a tab that hangs while it holds the lock delays the others by five seconds at most, and recovers without harm', async () => {
  const tabs = await openTabs()
  const [hung, ...others] = tabs as [Tab, Tab, Tab]
  const hold = await holdRefresh(tabs)
  // A synchronous request blocks the page until its response.
  const hang = holdUp({ handled: false })
  given.front.home.faults.set('/hang', hang.fault)
  const hanging = hung.page.evaluate(() => {
    const request = new XMLHttpRequest()
    request.open('GET', '/hang', false)
    request.send()
  })
  await hang.arrived()
  const from = performance.now()
  await Promise.all(others.map((tab) => tab.refresh()))
  const waitedMs = performance.now() - from
  expect(waitedMs).toBeGreaterThan(4000)
  // It still hangs, and would for ever: the others have stopped waiting. Ten times the promised
  // time allows for a slow machine.
  expect(waitedMs).toBeLessThan(50_000)
  hang.release()
  hold.release()
  await hanging
  expect(await hung.request()).toBe(200)
  await eventually(async () => new Set(await generations(tabs)).size === 1)
  expect(await ended(tabs)).toEqual([[], [], []])
  expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
})

test('a refresh that is refused because another tab was faster uses the newer pair', async () => {
  await given.context.addInitScript(withoutLocks)
  const [slow, fast] = (await openTabs(2)) as [Tab, Tab]
  const hold = holdUp({ handled: false })
  given.front.api.faults.set(REFRESH, async (forward, call) => {
    if (given.front.api.of(REFRESH).length > 1) return forward()
    await hold.fault(async () => ({ status: 0, headers: {}, body: '' }), call)
    return refuse(401, 'refresh_token_invalid')(forward, call)
  })
  const refused = slow.refresh()
  await hold.arrived()
  const newer = await fast.refresh()
  await see([slow], newer)
  hold.release()
  expect(await refused).toBe(newer)
  expect(given.front.api.of(REFRESH).map(({ status }) => status)).toEqual([401, 200])
  expect(await ended([slow, fast])).toEqual([[], []])
  expect(await slow.request()).toBe(200)
  expect(await given.counted()).toMatchObject({ rotated: 1, reused: 0, alarms: 0 })
})

test('an emptied localStorage signs all tabs out once, without a loop of requests', async () => {
  const claimedSeconds = 15
  const tabs = await openTabs(3, { claimedSeconds })
  const [first, ...others] = tabs as [Tab, Tab, Tab]
  await first.page.evaluate(() => localStorage.clear())
  await eventually(async () => (await ended(others)).every((reasons) => reasons.length > 0))
  expect(await first.request()).toBe(401)
  expect(await Promise.all(others.map((tab) => tab.request()))).toEqual([401, 401])
  const calls = given.front.api.of(REFRESH).length
  // Each timer has fired: a token is due after half of its life.
  await waitSeconds(claimedSeconds / 2 + 0.5)
  expect(await ended(tabs)).toEqual([1, 2, 3].map(() => ['signed_out_elsewhere']))
  expect(await Promise.all(tabs.map(async (tab) => (await tab.look()).errors))).toEqual([
    [],
    [],
    [],
  ])
  expect(given.front.api.of(REFRESH)).toHaveLength(calls)
  expect((await given.counted()).alarms).toBe(0)
})

test('signing out in one tab signs out all of them and ends the session at the server', async () => {
  const tabs = await openTabs()
  const [first] = tabs as [Tab, Tab, Tab]
  const { refreshToken, accessToken } = await first.look()
  await first.page.evaluate(() => globalThis.front.manager.logout())
  await eventually(async () => (await ended(tabs)).every((reasons) => reasons.length > 0))
  expect(await ended(tabs)).toEqual([
    ['logout'],
    ['signed_out_elsewhere'],
    ['signed_out_elsewhere'],
  ])
  const send = (init: RequestInit, path: string) =>
    fetch(`${given.front.system.url}${path}`, init).then(({ status }) => status)
  const headers = { 'content-type': 'application/json' }
  expect(
    await send(
      { method: 'POST', headers, body: JSON.stringify({ refresh_token: refreshToken }) },
      REFRESH,
    ),
  ).toBe(401)
  await eventually(
    async () => (await send({ headers: { authorization: `Bearer ${accessToken}` } }, ME)) === 401,
  )
  expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
})
