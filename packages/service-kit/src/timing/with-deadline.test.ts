import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withDeadline } from './with-deadline.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('work within the deadline resolves or rejects as itself, and leaves no timer', async () => {
  expect(await withDeadline(Promise.resolve(7), 100, 'too late')).toBe(7)
  await expect(withDeadline(Promise.reject(new Error('own')), 100, 'too late')).rejects.toThrow(
    'own',
  )
  expect(vi.getTimerCount()).toBe(0)
})

test('late work rejects at the deadline, and its later error is ignored', async () => {
  const work = Promise.withResolvers<void>()
  const outcome = withDeadline(work.promise, 100, 'too late').catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(100)
  expect(await outcome).toEqual(new Error('too late'))
  work.reject(new Error('later'))
  await vi.advanceTimersByTimeAsync(1)
})
