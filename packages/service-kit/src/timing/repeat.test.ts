import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { repeat } from './repeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('runs again after an error, and reports the first of several in a row', async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const [first, second, third] = [new Error('1'), new Error('2'), new Error('3')]
  const run = vi
    .fn<() => Promise<void>>(async () => {})
    .mockRejectedValueOnce(first)
    .mockRejectedValueOnce(second)
  const repeating = repeat({ everyMs: 100, run, onError })
  repeating.start()
  repeating.start()
  await vi.advanceTimersByTimeAsync(350)
  expect(run).toHaveBeenCalledTimes(3)
  run.mockRejectedValueOnce(third)
  await vi.advanceTimersByTimeAsync(100)
  expect(onError.mock.calls).toEqual([[first], [third]])
  await repeating.stop()
})

test('with isEachFaultReported every error is reported, and the next run follows', async () => {
  const errors: unknown[] = []
  const repeating = repeat({
    everyMs: 1000,
    isFirstAtOnce: true,
    isEachFaultReported: true,
    onError: (error) => void errors.push(error),
    run: () => Promise.reject(new Error('no database')),
  })
  repeating.start()
  await vi.advanceTimersByTimeAsync(2500)
  expect(errors).toHaveLength(3)
  await repeating.stop()
})

test('with isFirstAtOnce the first run begins at once, the next one an interval after its end', async () => {
  let running = 0
  let most = 0
  let ended = 0
  const repeating = repeat({
    everyMs: 1000,
    isFirstAtOnce: true,
    onError: () => {},
    async run() {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5000))
      running -= 1
      ended += 1
    },
  })
  repeating.start()
  expect(running).toBe(1)
  await vi.advanceTimersByTimeAsync(11_000)
  expect([most, ended]).toEqual([1, 2])
  const stopping = repeating.stop()
  await vi.advanceTimersByTimeAsync(5000)
  await stopping
})

test('runs never overlap, and stop waits for the current run', async () => {
  let end = () => {}
  const run = vi.fn<() => Promise<void>>(
    () =>
      new Promise((resolve) => {
        end = resolve
      }),
  )
  const repeating = repeat({ everyMs: 100, run, onError: () => {} })
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

test('stop aborts the signal of the current run, and no other run follows', async () => {
  let runs = 0
  const repeating = repeat({
    everyMs: 1000,
    isFirstAtOnce: true,
    onError: () => {},
    run(signal) {
      runs += 1
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => setTimeout(resolve, 200)),
      )
    },
  })
  repeating.start()
  let stopped = false
  const stopping = repeating.stop().then(() => (stopped = true))
  await vi.advanceTimersByTimeAsync(199)
  expect(stopped).toBe(false)
  await vi.advanceTimersByTimeAsync(10_000)
  await stopping
  expect(runs).toBe(1)
})

test('it can be started again after a stop, and runs still never overlap', async () => {
  const run = vi.fn<() => Promise<void>>(async () => {})
  const repeating = repeat({ everyMs: 100, run, onError: () => {} })
  repeating.start()
  await vi.advanceTimersByTimeAsync(100)
  await repeating.stop()
  repeating.start()
  await vi.advanceTimersByTimeAsync(250)
  expect(run).toHaveBeenCalledTimes(3)
  await repeating.stop()
})
