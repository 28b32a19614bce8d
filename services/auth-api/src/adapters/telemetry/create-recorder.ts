import type { Metrics } from '@auto-refresh/service-kit/telemetry'
import type { Recorder } from '../../ports/telemetry.ts'

type Counters = Pick<
  Metrics,
  | 'logins'
  | 'refreshes'
  | 'refreshInterval'
  | 'rateLimited'
  | 'loginEventsDropped'
  | 'revocationPropagation'
>

/** Counts in the product's metrics. */
export function createRecorder({ metrics }: { metrics: Counters }): Recorder {
  return {
    loggedIn: (outcome) => metrics.logins.inc({ outcome }),
    refreshed(operation, outcome, intervalSeconds) {
      metrics.refreshes.inc({ operation, outcome })
      if (intervalSeconds !== undefined) metrics.refreshInterval.observe(intervalSeconds)
    },
    rateLimited: (limiter) => metrics.rateLimited.inc({ limiter }),
    loginEventsDropped: (count) => metrics.loginEventsDropped.inc(count),
    revocationLearned: (afterSeconds) => metrics.revocationPropagation.observe(afterSeconds),
  }
}
