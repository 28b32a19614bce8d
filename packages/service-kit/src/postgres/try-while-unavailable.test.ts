import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tryWhileUnavailable } from './try-while-unavailable.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Work that fails `failures` times and then succeeds. */
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

test('a start continues after a short pause of the database', async () => {
  const work = failing(4)
  expect(await settled(work)).toEqual({ status: 'fulfilled', value: 'done' })
  expect(work).toHaveBeenCalledTimes(5)
})

test('a database that stays unavailable fails the start with its error', async () => {
  const work = failing(1000, Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
  expect(await settled(work)).toMatchObject({
    status: 'rejected',
    reason: { code: 'ECONNREFUSED' },
  })
  expect(work).toHaveBeenCalledTimes(5)
})

test('a permanent error fails at once', async () => {
  const work = failing(1, new Error('The schema shop is at version 0, this code needs 1'))
  expect(await settled(work)).toMatchObject({ status: 'rejected' })
  expect(work).toHaveBeenCalledTimes(1)
})
