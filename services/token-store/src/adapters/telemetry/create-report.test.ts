import { createMetrics, type Logger } from '@auto-refresh/service-kit/telemetry'
import { expect, test, vi } from 'vitest'
import { createReport } from './create-report.ts'

test.each(['unknown_kid', 'unknown_session'] as const)(
  'a flood of tokens with %s writes one line in five seconds',
  (outcome) => {
    const error = vi.fn<() => void>()
    const report = createReport({
      logger: { error } as unknown as Logger,
      metrics: createMetrics({ service: 'test', version: '0' }),
    })
    for (let i = 0; i < 1000; i += 1) report.rotation({ outcome })
    expect(error).toHaveBeenCalledTimes(1)
  },
)
