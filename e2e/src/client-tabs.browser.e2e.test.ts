import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { waitSeconds } from '@auto-refresh/test-engines'
import { REFRESH, startFrontEnd } from './harness/start-front-end.ts'

/** How long the tabs are watched; use 300 for a long run. */
const WATCHED_SECONDS = Number(process.env['TEST_TABS_SECONDS'] ?? 45)
/**
 * An access token lives 18 s and is refreshed 9 s before its end, or up to a tenth of that earlier:
 * each tab chooses at random.
 */
const LIFE_SECONDS = 18
const PERIOD_SECONDS = 8.1
/**
 * A refresh takes as long as these random times differ. Without locks all tabs therefore refresh at
 * the same time in each period. With locks a waiting tab already sees the previous tab's
 * Idempotency-Key, even if the pair arrives a moment after the lock.
 */
const REFRESH_MS = 1000

/**
 * With the lock there is no grace window: any second use counts as a theft. Without it tabs
 * collide, and the server must distinguish that from a theft.
 */
const CASES = [
  { title: 'with Web Locks', graceSeconds: 0, racing: false },
  { title: 'without Web Locks', graceSeconds: 30, racing: true },
]

describe.concurrent('three tabs of one session', () => {
  test.each(CASES)(
    '$title always have a live token, stay signed in, and refresh once per period together',
    { timeout: 120_000 + WATCHED_SECONDS * 2000 },
    async ({ title, graceSeconds, racing }) => {
      await using cleanUp = new AsyncDisposableStack()
      const front = await startFrontEnd({
        env: {
          ACCESS_TOKEN_EXPIRE_MINUTES: String(LIFE_SECONDS / 60),
          REFRESH_GRACE_SECONDS: String(graceSeconds),
        },
      })
      cleanUp.defer(front.close)
      const context = await front.newContext()
      if (racing)
        await context.addInitScript(() =>
          Object.defineProperty(navigator, 'locks', { value: undefined }),
        )
      const options = { baseURL: front.api.url }
      const tabs = [
        await front.openTab(context, options),
        await front.openTab(context, options),
        await front.openTab(context, options),
      ]
      front.api.faults.set(REFRESH, async (forward) => {
        const answer = await forward()
        await pause(REFRESH_MS)
        return answer
      })
      const statuses = new Set<number>()
      const from = performance.now()
      await tabs[0]?.signIn()

      const seconds = () => (performance.now() - from) / 1000
      while (seconds() < WATCHED_SECONDS) {
        for (const status of await Promise.all(tabs.map((tab) => tab.request())))
          statuses.add(status)
        await waitSeconds(0.2)
      }
      const counted = await front.count()
      const most = Math.ceil(seconds() / PERIOD_SECONDS)
      const looks = await Promise.all(tabs.map((tab) => tab.look()))
      process.stderr.write(
        `Three tabs, ${title}, ${Math.round(seconds())} s: ${counted.rotated} rotations, ` +
          `${counted.replayed} replays, ${front.api.of(REFRESH).length} calls\n`,
      )

      expect([...statuses]).toEqual([200])
      expect(looks.map(({ ended, errors }) => [...ended, ...errors])).toEqual([[], [], []])
      expect(counted).toMatchObject({ reused: 0, alarms: 0 })
      expect(counted.rotated).toBeLessThanOrEqual(most)
      expect(counted.rotated).toBeGreaterThanOrEqual(Math.floor(WATCHED_SECONDS / LIFE_SECONDS))
      // Without locks both others lose the race. With the lock there is no race, and few tabs
      // refresh before they see the first one's pair.
      expect(counted.replayed).toBeLessThanOrEqual((racing ? 2 : 1) * counted.rotated)
    },
  )
})
