import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCommits } from './create-commits.ts'

type Offsets = { topics: { topic: string; partitions: { partition: number; offset: string }[] }[] }
const send = vi.fn<(offsets?: Offsets) => Promise<void>>()
/** Topic, partition and offset of each commit. */
const sent = () =>
  send.mock.calls.map(([{ topics } = { topics: [] }]) =>
    topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => `${topic} ${partition} ${offset}`),
    ),
  )

beforeEach(() => {
  vi.useFakeTimers()
  send.mockReset().mockResolvedValue()
})
afterEach(() => void vi.useRealTimers())

function open(onFailure?: (error: unknown) => void) {
  const { add, ...commits } = createCommits({ everyMs: 500, ...(onFailure && { onFailure }) })
  return {
    ...commits,
    add: (topic: string, partition: number, offset: number) =>
      add({ topic, partition, offset: String(offset), send }),
  }
}

test('all partitions share one request, at most every half second, with their newest offsets', async () => {
  const { add } = open()
  await Promise.all([add('a', 0, 3), add('a', 1, 5), add('b', 0, 7)])
  await add('a', 0, 4)
  await vi.advanceTimersByTimeAsync(499)
  expect(sent()).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(sent()).toEqual([['a 0 4', 'a 1 5', 'b 0 7']])
  await add('a', 0, 6)
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent().slice(1)).toEqual([['a 0 6']])
  expect(vi.getTimerCount()).toBe(0)
})

test('a failed commit is repeated, and its error reaches kafkajs with the next offset', async () => {
  const { add } = open()
  send.mockRejectedValueOnce(new Error('rebalancing'))
  await add('a', 0, 3)
  await vi.advanceTimersByTimeAsync(500)
  await expect(add('a', 1, 5)).rejects.toThrow('rebalancing')
  await vi.advanceTimersByTimeAsync(500)
  expect(sent()).toEqual([['a 0 3'], ['a 0 3', 'a 1 5']])
})

test('after a successful repeat the error of a failed commit is gone', async () => {
  const onFailure = vi.fn<(error: unknown) => void>()
  const { add } = open(onFailure)
  send.mockRejectedValueOnce(new Error('rebalancing'))
  await add('a', 0, 3)
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent()).toEqual([['a 0 3'], ['a 0 3']])
  await expect(add('a', 0, 4)).resolves.toBeUndefined()
  expect(onFailure.mock.calls).toEqual([[new Error('rebalancing')]])
})

test('an offset that arrives during a commit is committed after it', async () => {
  const { add } = open()
  const answer = Promise.withResolvers<void>()
  send.mockReturnValueOnce(answer.promise)
  await add('a', 0, 3)
  await vi.advanceTimersByTimeAsync(500)
  await add('a', 0, 4)
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent()).toEqual([['a 0 3']])
  answer.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(sent()).toEqual([['a 0 3'], ['a 0 4']])
})

test('after a rebalance no offset of the time before is committed', async () => {
  const { add, reset } = open()
  await add('a', 0, 3)
  reset()
  await vi.advanceTimersByTimeAsync(1000)
  await add('a', 1, 5)
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent()).toEqual([['a 1 5']])
})

test('closing commits everything, and later offsets at once', async () => {
  const { add, close } = open()
  await add('a', 0, 3)
  await close()
  await add('a', 0, 4)
  expect(sent()).toEqual([['a 0 3'], ['a 0 4']])
  expect(vi.getTimerCount()).toBe(0)
})
