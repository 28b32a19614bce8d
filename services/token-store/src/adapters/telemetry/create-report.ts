import type { EventData } from '@auto-refresh/contracts'
import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import { throttledLog } from '@auto-refresh/service-kit/timing'
import type { Report } from '../../ports.ts'

/**
 * Metrics and log lines of what token-store does. Never a token: sessions are named by their id.
 */
export function createReport({ logger, metrics }: { logger: Logger; metrics: Metrics }): Report {
  /** In an outage everything fails alike: one line in five seconds, with how often it happened. */
  function sayNowAndThen(message: string, level: 'warn' | 'error' = 'warn') {
    return throttledLog({
      everyMs: 5000,
      write: (omitted, error?: unknown) =>
        logger[level]({ err: error, times: omitted + 1 }, message),
    })
  }
  // Anybody can make such tokens up: they must not fill a disk.
  const sayKeyUnknown = sayNowAndThen(
    'Refresh token key unknown: compare REFRESH_TOKEN_KEYS of all processes',
    'error',
  )
  const saySessionUnknown = sayNowAndThen(
    'Unknown session for a recent refresh token: was the database restored, or does DATABASE_URL point elsewhere?',
    'error',
  )
  const sayRelayFailed = sayNowAndThen('Outbox relay failed, retrying')

  return {
    batch: (size) => metrics.rotationBatchSize.observe(size),

    rotation(result) {
      if (result.outcome === 'reused') {
        metrics.reuseDetected.inc()
        logger.warn(
          { sessionId: result.sessionId, userId: result.userId },
          'Refresh token reuse detected: session revoked',
        )
      }
      if (result.outcome === 'rate_limited') metrics.rateLimited.inc({ limiter: 'refresh' })
      if (result.outcome === 'regressed')
        logger.error(
          { sessionId: result.session.id },
          'Refresh token is newer than its session: was the database restored?',
        )
      if (result.outcome === 'unknown_session') saySessionUnknown()
      if (result.outcome === 'unknown_kid') sayKeyUnknown()
    },

    trouble: sayNowAndThen('token-store request failed'),

    downtime(seconds) {
      metrics.downtimeSeconds.inc(seconds)
      logger.warn(
        { seconds },
        "No token-store was up for a while; that time counts as no token's age",
      )
    },

    published(events) {
      metrics.eventsPublished.inc({ result: 'published' }, events.length)
      for (const event of events) {
        if (event.type === 'session.reuse-detected.v1')
          metrics.sessionDuration.observe({ end: 'reuse' }, event.data.session_seconds)
        if (event.type === 'session.revoked.v1')
          metrics.sessionDuration.observe({ end: event.data.reason }, event.data.session_seconds)
        if (event.type === 'session.expired.v1')
          metrics.sessionDuration.observe({ end: event.data.reason }, event.data.session_seconds)
        if (event.type === 'session.replay-suspected.v1' && isSuspicious(event.data))
          metrics.replaysSuspected.inc({ kind: 'replay' })
        if (event.type === 'session.shadow-suspected.v1')
          metrics.replaysSuspected.inc({ kind: 'shadow' })
      }
    },

    relayFailed(error) {
      metrics.eventsPublished.inc({ result: 'failed' })
      sayRelayFailed(error)
    },

    measured({ events, oldestSeconds, sessions }) {
      metrics.sessionsActive.set(sessions)
      metrics.outboxPendingEvents.set(events)
      metrics.outboxOldestEventAge.set(oldestSeconds)
    },

    heartFailed: (error) =>
      logger.warn({ err: error }, 'Heartbeat failed: the gap counts as downtime'),

    lanesOwned: (lanes) => metrics.outboxLanesOwned.set(lanes),
  }
}

/** One client on two networks is worth an event, no alarm. */
function isSuspicious({
  rotated,
  presented,
  streak,
}: EventData<'session.replay-suspected.v1'>): boolean {
  return presented.agent !== rotated.agent || streak > 1
}
