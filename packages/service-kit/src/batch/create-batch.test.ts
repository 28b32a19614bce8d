import { expect, test } from 'vitest'
import { createBatch } from './create-batch.ts'

const options = { inFlight: 2, largest: 4, longestQueue: 10, longestWaitMs: 1000, nowMs: () => 0 }

function held() {
  const batches: Array<{ items: readonly number[]; finish: () => void }> = []
  const run = (items: readonly number[]) =>
    new Promise<number[]>((resolve) =>
      batches.push({ items, finish: () => resolve(items.map((item) => item * 10)) }),
    )
  return { batches, run }
}
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('items of one turn share a batch, and each caller gets its own result', async () => {
  const sizes: number[] = []
  const load = createBatch({
    ...options,
    run: async (items: readonly number[]) => {
      sizes.push(items.length)
      return items.map((item) => item * 10)
    },
  })
  expect(await Promise.all([1, 2, 3].map(load))).toEqual([10, 20, 30])
  expect(sizes).toEqual([3])
})

test('items that arrive while all slots are busy share the next batch', async () => {
  const { batches, run } = held()
  const load = createBatch({ ...options, run })
  const answers: Array<Promise<number>> = []
  for (const item of [1, 2, 3, 4, 5]) {
    answers.push(load(item))
    await turn()
  }
  expect(batches.map((batch) => batch.items)).toEqual([[1], [2]])
  batches[0]?.finish()
  await turn()
  expect(batches.map((batch) => batch.items)).toEqual([[1], [2], [3, 4, 5]])
  batches.forEach((batch) => batch.finish())
  expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50])
})

test('a batch and the queue never exceed their limits', async () => {
  const { batches, run } = held()
  const load = createBatch({ ...options, run })
  const answers = Array.from({ length: 11 }, (_, item) => load(item))
  await expect(answers[10]).rejects.toMatchObject({ code: 'unavailable' })
  await turn()
  await turn()
  expect(batches.map((batch) => batch.items.length)).toEqual([4, 4])
  batches.forEach((batch) => batch.finish())
  await turn()
  expect(batches.map((batch) => batch.items.length)).toEqual([4, 4, 2])
  batches.forEach((batch) => batch.finish())
  expect(await Promise.all(answers.slice(0, 10))).toHaveLength(10)
})

test('an item that waited too long is rejected without work', async () => {
  let now = 0
  const { batches, run } = held()
  const load = createBatch({ ...options, inFlight: 1, nowMs: () => now, run })
  const first = load(1)
  await turn()
  const late = load(2)
  const refused = late.catch((error: unknown) => error)
  now = 1001
  batches[0]?.finish()
  expect(await refused).toMatchObject({ code: 'unavailable' })
  expect(await first).toBe(10)
  expect(batches).toHaveLength(1)
})

test('an error of one item affects only that item, an error of the batch affects all', async () => {
  const load = createBatch<number, number>({
    ...options,
    run: async (items) => items.map((item) => (item === 2 ? new Error('two') : item)),
  })
  expect(await Promise.allSettled([load(1), load(2)])).toMatchObject([
    { value: 1 },
    { reason: { message: 'two' } },
  ])
  const broken = createBatch<number, number>({
    ...options,
    run: () => Promise.reject(new Error('all')),
  })
  expect(await Promise.allSettled([broken(1), broken(2)])).toMatchObject([
    { reason: { message: 'all' } },
    { reason: { message: 'all' } },
  ])
})
