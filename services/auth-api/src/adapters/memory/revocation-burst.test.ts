import type { RevocationsRequest, RevocationsResult } from '@auto-refresh/contracts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { aLog, fakeMetrics, aTokenStore } from '../../testing/fakes.ts'
import { createRevocationList } from './create-revocation-list.ts'

const START_MS = 1_700_000_000_000
const PAGE_ROWS = 2
const PAGE_MS = 20

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/**
 * A fake token-store with pages of two rows, so that few sessions make as many pages as a burst of
 * half a million sessions with pages of 5,000 rows.
 */
function setUp() {
  const rows: { sessionId: string; stampMs: number; committedMs: number }[] = []
  const clock = { offsetMs: 0 }
  const nowMs = () => Date.now() + clock.offsetMs
  const tokenStore = aTokenStore()
  tokenStore.revocations.mockImplementation(
    async ({ sinceMs = 0, page }: RevocationsRequest): Promise<RevocationsResult> => {
      await new Promise((resolve) => setTimeout(resolve, PAGE_MS))
      const after = page?.after ?? ''
      const found = rows
        .filter(({ stampMs, committedMs }) => stampMs > sinceMs && committedMs <= Date.now())
        .map((row) => ({ ...row, place: `${row.stampMs}:${row.sessionId}` }))
        .filter(({ place }) => place > after)
        .toSorted((a, b) => (a.place < b.place ? -1 : 1))
        .slice(0, PAGE_ROWS)
      const last = found.length === PAGE_ROWS ? found.at(-1) : undefined
      return {
        nowMs: nowMs(),
        revocations: found.map(({ sessionId, stampMs }) => ({
          sessionId,
          untilMs: stampMs + 1_800_000,
          revokedAtMs: stampMs,
        })),
        ...(last === undefined
          ? { readToMs: nowMs() }
          : { readToMs: last.stampMs, next: last.place }),
      }
    },
  )
  const list = createRevocationList({
    tokenStore,
    metrics: fakeMetrics(),
    elapsedMs: () => performance.now(),
    log: aLog(),
    accessTtlSeconds: 1800,
  })
  let count = 0

  function end(stampMs = nowMs(), committedMs = Date.now()): string {
    count += 1
    const sessionId = `session-${String(count).padStart(5, '0')}`
    rows.push({ sessionId, stampMs, committedMs })
    return sessionId
  }

  /** Ends 40 sessions a second and returns the maximum age of the list. */
  async function burst(seconds: number): Promise<number> {
    let oldestMs = 0
    for (let ms = 0; ms < seconds * 1000; ms += 25) {
      end()
      await vi.advanceTimersByTimeAsync(25)
      oldestMs = Math.max(oldestMs, list.feedAgeMs())
    }
    return oldestMs
  }

  async function start(): Promise<void> {
    const starting = list.start()
    await vi.advanceTimersByTimeAsync(PAGE_MS)
    await starting
  }

  /** Waits for the current poll. */
  async function stop(): Promise<void> {
    const stopping = list.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    await stopping
  }

  return { list, clock, nowMs, end, burst, start, stop }
}

test('in a burst of many pages the list stays current, and each session is known within two seconds', async () => {
  const { list, end, burst, start, stop } = setUp()
  await start()
  expect(await burst(20)).toBeLessThan(1000)
  const last = end()
  await vi.advanceTimersByTimeAsync(1000)
  expect([list.isRevoked(last), list.size()]).toEqual([true, 801])
  await stop()
})

test('a start that reads many pages has a current list', async () => {
  const { list, end, stop } = setUp()
  for (let index = 0; index < 200; index += 1) end(START_MS - 600_000 + index)
  const starting = list.start()
  await vi.advanceTimersByTimeAsync(101 * PAGE_MS)
  await starting
  expect([list.size(), list.feedAgeMs()]).toEqual([200, PAGE_MS])
  await stop()
})

test('a late commit in a burst becomes known, and no earlier cursor of a back end skips it', async () => {
  const { list, end, burst, start, stop } = setUp()
  await start()
  await burst(5)
  const late = end(Date.now() - 3000)
  while (!list.isRevoked(late)) {
    expect(list.asOfMs()).toBeLessThan(Date.now())
    const asOfMs = list.asOfMs() ?? NaN
    await burst(0.1)
    if (list.isRevoked(late)) {
      expect(list.since(asOfMs)?.map(({ sessionId }) => sessionId)).toContain(late)
    }
    expect(Date.now()).toBeLessThan(START_MS + 30_000)
  }
  await stop()
})

test('a clock of token-store that is set back in a burst hides no later session', async () => {
  const { list, clock, end, burst, start, stop } = setUp()
  await start()
  await burst(5)
  clock.offsetMs = -3_600_000
  await vi.advanceTimersByTimeAsync(2000)
  const ended = end()
  await vi.advanceTimersByTimeAsync(2000)
  expect(list.isRevoked(ended)).toBe(true)
  await stop()
})

test('sessions stamped in the future hide no session that ends now', async () => {
  const { list, nowMs, end, start, stop } = setUp()
  await start()
  for (let index = 0; index < 100; index += 1) end(nowMs() + 3_600_000 + index)
  await vi.advanceTimersByTimeAsync(5000)
  for (let times = 0; times < 3; times += 1) {
    const ended = end()
    await vi.advanceTimersByTimeAsync(3000)
    expect(list.isRevoked(ended)).toBe(true)
  }
  await stop()
})
