import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRepeating } from './create-repeating.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('runs again after a fault, and tells of the first in a row', async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const [first, second, third] = [new Error('1'), new Error('2'), new Error('3')]
  const run = vi
    .fn<() => Promise<void>>(async () => {})
    .mockRejectedValueOnce(first)
    .mockRejectedValueOnce(second)
  const repeating = createRepeating({ everyMs: 100, run, onError })
  repeating.start()
  repeating.start()
  await vi.advanceTimersByTimeAsync(350)
  expect(run).toHaveBeenCalledTimes(3)
  run.mockRejectedValueOnce(third)
  await vi.advanceTimersByTimeAsync(100)
  expect(onError.mock.calls).toEqual([[first], [third]])
  await repeating.stop()
})

test('never runs twice at once, and stop waits for the run under way', async () => {
  let end = () => {}
  const run = vi.fn<() => Promise<void>>(
    () =>
      new Promise((resolve) => {
        end = resolve
      }),
  )
  const repeating = createRepeating({ everyMs: 100, run, onError: () => {} })
  repeating.start()
  await vi.advanceTimersByTimeAsync(1000)
  expect(run).toHaveBeenCalledOnce()
  let stopped = false
  const stopping = repeating.stop().then(() => (stopped = true))
  await vi.advanceTimersByTimeAsync(1000)
  expect(stopped).toBe(false)
  end()
  await stopping
  await vi.advanceTimersByTimeAsync(1000)
  expect(run).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
})
