import type { EventData } from '@auto-refresh/contracts'
import type { Logger, Metrics as Instruments } from '@auto-refresh/service-kit/telemetry'
import { throttledLog } from '@auto-refresh/service-kit/timing'
import type { Metrics } from '../../ports.ts'

/** Metrics and log lines of token-store. Log lines contain session ids, never tokens. */
export function createTokenStoreMetrics({
  logger,
  instruments,
}: {
  logger: Logger
  instruments: Instruments
}): Metrics {
  /** In an outage all requests fail alike: logs once in 5 s, with the number of times. */
  function throttled(message: string, level: 'warn' | 'error' = 'warn') {
    return throttledLog({
      everyMs: 5000,
      write: (omitted, error?: unknown) =>
        logger[level]({ err: error, times: omitted + 1 }, message),
    })
  }
  // Anyone can invent such tokens: they must not fill a disk with log lines.
  const logUnknownKey = throttled(
    'Refresh token key unknown: compare REFRESH_TOKEN_KEYS of all processes',
    'error',
  )
  const logUnknownSession = throttled(
    'Unknown session for a recent refresh token: was the database restored, or does DATABASE_URL point elsewhere?',
    'error',
  )
  const logRelayFailure = throttled('Outbox relay failed, retrying')

  return {
    batch: (size) => instruments.rotationBatchSize.observe(size),

    rotation(result) {
      if (result.outcome === 'reused') {
        instruments.reuseDetected.inc()
        logger.warn(
          { sessionId: result.sessionId, userId: result.userId },
          'Refresh token reuse detected: session revoked',
        )
      }
      if (result.outcome === 'rate_limited') instruments.rateLimited.inc({ limiter: 'refresh' })
      if (result.outcome === 'regressed')
        logger.error(
          { sessionId: result.session.id },
          'Refresh token is newer than its session: was the database restored?',
        )
      if (result.outcome === 'unknown_session') logUnknownSession()
      if (result.outcome === 'unknown_kid') logUnknownKey()
    },

    requestFailed: throttled('token-store request failed'),

    downtime(seconds) {
      instruments.downtimeSeconds.inc(seconds)
      logger.warn(
        { seconds },
        'Downtime of token-store ended: it does not count towards the age of tokens',
      )
    },

    published(events) {
      instruments.eventsPublished.inc({ result: 'published' }, events.length)
      for (const event of events) {
        if (event.type === 'session.reuse-detected.v1')
          instruments.sessionDuration.observe({ end: 'reuse' }, event.data.session_seconds)
        if (event.type === 'session.revoked.v1')
          instruments.sessionDuration.observe(
            { end: event.data.reason },
            event.data.session_seconds,
          )
        if (event.type === 'session.expired.v1')
          instruments.sessionDuration.observe(
            { end: event.data.reason },
            event.data.session_seconds,
          )
        if (event.type === 'session.replay-suspected.v1' && isSuspicious(event.data))
          instruments.replaysSuspected.inc({ kind: 'replay' })
        if (event.type === 'session.shadow-suspected.v1')
          instruments.replaysSuspected.inc({ kind: 'shadow' })
      }
    },

    relayFailed(error) {
      instruments.eventsPublished.inc({ result: 'failed' })
      logRelayFailure(error)
    },

    measured({ events, oldestSeconds, sessions }) {
      instruments.sessionsActive.set(sessions)
      instruments.outboxPendingEvents.set(events)
      instruments.outboxOldestEventAge.set(oldestSeconds)
    },

    heartbeatFailed: (error) =>
      logger.warn({ err: error }, 'Heartbeat failed: the gap counts as downtime'),

    lanesOwned: (lanes) => instruments.outboxLanesOwned.set(lanes),
  }
}

/** A client that changes its network once is worth an event, but no alarm. */
function isSuspicious({
  rotated,
  presented,
  streak,
}: EventData<'session.replay-suspected.v1'>): boolean {
  return presented.agent !== rotated.agent || streak > 1
}
