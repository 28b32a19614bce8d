import { expect, test, vi } from 'vitest'
import { tellNowAndThen } from './tell-now-and-then.ts'

test('says in a few words why spans were lost, and not again for half a minute', () => {
  vi.useFakeTimers()
  const told: string[] = []
  const tell = tellNowAndThen((reason) => told.push(reason))
  tell(
    '{"stack":"Error: connect ECONNREFUSED 127.0.0.1:4318\\n    at somewhere","message":"connect ECONNREFUSED 127.0.0.1:4318"}',
  )
  tell('lost in the half minute')
  vi.advanceTimersByTime(30_000)
  tell('plain words')
  vi.useRealTimers()
  expect(told).toEqual(['connect ECONNREFUSED 127.0.0.1:4318', 'plain words'])
})
