import { expect, test, vi } from 'vitest'
import { throttleExportErrors } from './throttle-export-errors.ts'

test('reports why spans were lost, at most once in 30 seconds', () => {
  vi.useFakeTimers()
  const reported: string[] = []
  const report = throttleExportErrors((reason) => reported.push(reason))
  report(
    '{"stack":"Error: connect ECONNREFUSED 127.0.0.1:4318\\n    at somewhere","message":"connect ECONNREFUSED 127.0.0.1:4318"}',
  )
  report('lost in the half minute')
  vi.advanceTimersByTime(30_000)
  report('plain words')
  vi.useRealTimers()
  expect(reported).toEqual(['connect ECONNREFUSED 127.0.0.1:4318', 'plain words'])
})
