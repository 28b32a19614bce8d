import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { repeat } from './repeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the job runs at once, then an interval after each end, and never beside itself', async () => {
  let running = 0
  let most = 0
  let ended = 0
  const schedule = repeat({
    intervalMs: 1000,
    onError: () => undefined,
    async job() {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5000))
      running -= 1
      ended += 1
    },
  })
  expect(running).toBe(1)
  await vi.advanceTimersByTimeAsync(11_000)
  expect([most, ended]).toEqual([1, 2])
  const stopped = schedule.stop()
  await vi.advanceTimersByTimeAsync(5000)
  await stopped
})

test('a fault is reported and the next run comes all the same', async () => {
  const errors: unknown[] = []
  const schedule = repeat({
    intervalMs: 1000,
    onError: (error) => void errors.push(error),
    job: () => Promise.reject(new Error('no database')),
  })
  await vi.advanceTimersByTimeAsync(2500)
  expect(errors).toHaveLength(3)
  await schedule.stop()
})

test('a stop tells the run under way, waits for it, and no other follows', async () => {
  let runs = 0
  const schedule = repeat({
    intervalMs: 1000,
    onError: () => undefined,
    job(signal) {
      runs += 1
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => setTimeout(resolve, 200)),
      )
    },
  })
  let stopped = false
  const stopping = schedule.stop().then(() => {
    stopped = true
  })
  await vi.advanceTimersByTimeAsync(199)
  expect(stopped).toBe(false)
  await vi.advanceTimersByTimeAsync(10_000)
  await stopping
  expect(runs).toBe(1)
})
