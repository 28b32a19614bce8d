import { expect, test, vi } from 'vitest'
import { pollEvery } from './poll-every.ts'

test('it goes on after an error, also if the report of the error throws', async () => {
  const poll = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('no route'))
  const onError = vi.fn<(error: unknown) => void>().mockImplementation(() => {
    throw new Error('the logger is closed')
  })
  const polling = pollEvery({ poll, onError, everyMs: 1 })
  polling.start()
  await vi.waitFor(() => expect(poll.mock.calls.length).toBeGreaterThan(2))
  await polling.stop()
  expect(onError).toHaveBeenCalledOnce()
})
