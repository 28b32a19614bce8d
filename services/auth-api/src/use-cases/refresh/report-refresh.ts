import type { PeekResult, RotateResult } from '@auto-refresh/contracts'
import { toActorText } from '../../ports/actor.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { Log, Metrics, RefreshMetricOutcome, RefreshOperation } from '../../ports/telemetry.ts'
import type { PublishRefusal } from './publish-refusal.ts'

export type ReportRefresh = (report: {
  operation: RefreshOperation
  outcome: RefreshMetricOutcome
  /** what token-store returned */
  stored: RotateResult | PeekResult
  context: RequestContext
  /** the same refusal was logged less than a minute ago: its line has level `debug` */
  isRepeated?: boolean | undefined
}) => void

/** Counts the outcome of a refresh, publishes a refusal and writes one log line. */
export function createReportRefresh({
  metrics,
  publishRefusal,
  log,
}: {
  metrics: Metrics
  publishRefusal: PublishRefusal
  log: Log
}): ReportRefresh {
  return ({ operation, outcome, stored, context, isRepeated = false }) => {
    const intervalSeconds =
      outcome === 'rotated' && 'intervalSeconds' in stored ? stored.intervalSeconds : undefined
    metrics.refreshed(operation, outcome, intervalSeconds)
    const ids = toIds(stored)
    publishRefusal(outcome, { sessionId: ids.sessionId, context })
    log[isRepeated ? 'debug' : toLogLevel(stored, outcome)](
      {
        event: 'refresh',
        operation,
        outcome,
        ...ids,
        network: context.network,
        ...(context.actor === undefined ? {} : { actor: toActorText(context.actor) }),
      },
      `Refresh ${outcome}`,
    )
  }
}

/** The ids in a log line, as far as token-store returned them. */
function toIds(stored: RotateResult | PeekResult): { sessionId?: string; userId?: string } {
  if ('session' in stored) return { sessionId: stored.session.id, userId: stored.session.userId }
  return 'sessionId' in stored && stored.sessionId !== undefined
    ? { sessionId: stored.sessionId }
    : {}
}

/**
 * Alarms warn. Refusals that anyone can cause without end and at no cost are `debug`, so that they
 * do not fill the disk.
 */
function toLogLevel(stored: RotateResult | PeekResult, outcome: RefreshMetricOutcome) {
  if (outcome === 'reused' || outcome === 'regressed') return 'warn'
  const isAuthentic = stored.outcome === 'invalid' ? stored.mac : stored.outcome !== 'unknown_kid'
  return isAuthentic && outcome !== 'rate_limited' ? 'info' : 'debug'
}
