import { createMetrics, type Logger } from '@auto-refresh/service-kit/telemetry'
import { expect, test, vi } from 'vitest'
import { createTokenStoreMetrics } from './create-token-store-metrics.ts'

test.each(['unknown_kid', 'unknown_session'] as const)(
  'a flood of tokens with outcome %s writes one log line in 5 seconds',
  (outcome) => {
    const error = vi.fn<() => void>()
    const metrics = createTokenStoreMetrics({
      logger: { error } as unknown as Logger,
      instruments: createMetrics({ service: 'test', version: '0' }),
    })
    for (let i = 0; i < 1000; i += 1) metrics.rotation({ outcome })
    expect(error).toHaveBeenCalledTimes(1)
  },
)
