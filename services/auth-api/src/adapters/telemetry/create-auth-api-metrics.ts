import type { Metrics as ProcessMetrics } from '@auto-refresh/service-kit/telemetry'
import type { Metrics } from '../../ports/telemetry.ts'

type Counters = Pick<
  ProcessMetrics,
  | 'logins'
  | 'refreshes'
  | 'refreshInterval'
  | 'rateLimited'
  | 'passwordChanges'
  | 'loginEventsDropped'
  | 'revocationPropagation'
>

/** Records what the use cases report in the metrics of the process. */
export function createAuthApiMetrics({ metrics }: { metrics: Counters }): Metrics {
  return {
    loggedIn: (outcome, method) => metrics.logins.inc({ outcome, method }),
    refreshed(operation, outcome, intervalSeconds) {
      metrics.refreshes.inc({ operation, outcome })
      if (intervalSeconds !== undefined) metrics.refreshInterval.observe(intervalSeconds)
    },
    rateLimited: (limiter) => metrics.rateLimited.inc({ limiter }),
    passwordChanged: (method, outcome) => metrics.passwordChanges.inc({ method, outcome }),
    loginEventsDropped: (count) => metrics.loginEventsDropped.inc(count),
    revocationLearned: (afterSeconds) => metrics.revocationPropagation.observe(afterSeconds),
  }
}
