import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tryWhileUnavailable } from './try-while-unavailable.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Work that fails so often, and then is done. */
function failing(times: number, error = new Error('Query read timeout')) {
  const work = vi.fn<() => Promise<string>>(async () => 'done')
  for (let i = 0; i < times; i += 1) work.mockRejectedValueOnce(error)
  return work
}
const settled = async (work: () => Promise<string>) => {
  const [result] = await Promise.all([
    Promise.allSettled([tryWhileUnavailable(work)]),
    vi.advanceTimersByTimeAsync(60_000),
  ])
  return result[0]
}

test('a start goes on when the database has stood still for a moment', async () => {
  const work = failing(4)
  expect(await settled(work)).toEqual({ status: 'fulfilled', value: 'done' })
  expect(work).toHaveBeenCalledTimes(5)
})

test('a database that stays away ends a start with what was wrong', async () => {
  const work = failing(1000, Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
  expect(await settled(work)).toMatchObject({
    status: 'rejected',
    reason: { code: 'ECONNREFUSED' },
  })
  expect(work).toHaveBeenCalledTimes(5)
})

test('a fault that does not pass by itself ends it at once', async () => {
  const work = failing(1, new Error('The schema shop is at version 0, this code needs 1'))
  expect(await settled(work)).toMatchObject({ status: 'rejected' })
  expect(work).toHaveBeenCalledTimes(1)
})
