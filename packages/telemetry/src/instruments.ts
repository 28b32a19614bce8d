import { EVENTS, PATTERNS, REVOKE_REASONS, type EventType } from '@auto-refresh/contracts'
import { Gauge, Histogram, type Registry } from 'prom-client'
import { createMakers } from './labelled.ts'

const LOGIN_OUTCOMES = ['succeeded', 'invalid_credentials', 'user_inactive', 'rate_limited', 'unavailable'] as const
const REFRESH_OPERATIONS = ['refresh', 'auto_refresh', 'middleware'] as const
const REFRESH_OUTCOMES = [
  'rotated',
  'replayed',
  'not_due',
  'reused',
  'expired',
  'revoked',
  'invalid',
  'unknown_kid',
  'unknown_session',
  'regressed',
  'session_mismatch',
  'user_inactive',
  'rate_limited',
  'unavailable',
] as const
const SESSION_ENDS = [...REVOKE_REASONS, 'idle', 'absolute'] as const
const LIMITERS = ['login', 'login_ip', 'login_account', 'refresh', 'refused_refresh'] as const
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys are the type
const EVENT_TYPES = Object.keys(EVENTS) as EventType[]
const CONSUMERS = ['auth-api', 'cleanup-worker', 'threat-monitor'] as const

/** Both contain the objectives: a refresh within 0.1 s, a revocation everywhere within 2 s. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3]
const PROPAGATION_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10]
const REFRESH_INTERVAL_SECONDS = [1, 10, 60, 300, 900, 1500, 1800, 3600, 21_600, 86_400, 604_800]
const SESSION_SECONDS = [60, 600, 3600, 21_600, 86_400, 259_200, 604_800, 1_209_600, 2_592_000]
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** Every metric of the product, in the words of docs/metrics.md. Labels are bounded: never a user, an address or a session. */
export function createInstruments(registry: Registry) {
  const make = createMakers(registry)
  const registers = [registry]
  return {
    httpRequestDuration: new Histogram({
      name: 'auth_http_request_duration_seconds',
      help: 'Time from the request to its answer, by route pattern',
      labelNames: ['route', 'method', 'status_class'] as const,
      buckets: REQUEST_SECONDS,
      registers,
    }),
    logins: make.counter('auth_logins_total', 'Sign-ins by what became of them', { outcome: LOGIN_OUTCOMES }),
    refreshes: make.counter('auth_refreshes_total', 'Refreshes by who asked and what became of them', { operation: REFRESH_OPERATIONS, outcome: REFRESH_OUTCOMES }),
    refreshInterval: make.plainHistogram('auth_refresh_interval_seconds', 'Time between two rotations of a session', REFRESH_INTERVAL_SECONDS),
    sessionDuration: make.histogram('auth_session_duration_seconds', 'Life of a session, by what ended it', SESSION_SECONDS, { end: SESSION_ENDS }),
    sessionsActive: make.gauge('auth_sessions_active', 'Sessions stored, estimated'),
    reuseDetected: make.plainCounter('auth_reuse_detected_total', 'Sessions ended because an old refresh token was used again'),
    replaysSuspected: make.counter('auth_replays_suspected_total', 'Replays that look like a second owner of the token', { kind: ['replay', 'shadow'] }),
    downtimeSeconds: make.plainCounter('auth_downtime_seconds_total', 'Time in which no replica of token-store could reach the database'),
    revocationFeedAge: make.gauge('auth_revocation_feed_age_seconds', 'Time since the revocation list was last read'),
    revocationPropagation: make.plainHistogram('auth_revocation_propagation_seconds', 'From the revocation to its entry in this replica\'s list', PROPAGATION_SECONDS),
    pendingRevocationsOldest: make.gauge('auth_pending_revocations_oldest_seconds', 'Age of the oldest revocation that token-store has not acknowledged'),
    signingKeyAge: make.gauge('auth_signing_key_age_seconds', 'Age of the active signing key'),
    rotationBatchSize: make.plainHistogram('auth_rotation_batch_size', 'Rotations carried out in one transaction', BATCH_SIZES),
    outboxPendingEvents: make.gauge('auth_outbox_pending_events', 'Events not yet published'),
    outboxOldestEventAge: make.gauge('auth_outbox_oldest_event_age_seconds', 'Age of the oldest event not yet published'),
    outboxLanesOwned: make.gauge('auth_outbox_lanes_owned', 'Outbox lanes whose lease this replica holds'),
    eventsPublished: make.counter('auth_events_published_total', 'Events handed to the bus', { result: ['published', 'failed'] }),
    eventsProcessed: make.counter('auth_events_processed_total', 'Events taken from the bus', {
      consumer: CONSUMERS,
      type: EVENT_TYPES,
      result: ['handled', 'duplicate', 'failed'],
    }),
    eventsDeadLettered: make.plainCounter('auth_events_dead_lettered_total', 'Events that could not be decoded and went to the dead-letter topic'),
    loginEventsDropped: make.plainCounter('auth_login_events_dropped_total', 'Login events given up because the bus did not take them'),
    cleanupDeletedSessions: make.plainCounter('auth_cleanup_deleted_sessions_total', 'Expired sessions deleted'),
    cleanupLastSuccess: make.gauge('auth_cleanup_last_success_timestamp_seconds', 'When the clean-up last ran to its end'),
    cleanupBacklog: make.gauge('auth_cleanup_backlog_sessions', 'Expired sessions not yet deleted, counted up to a bound'),
    suspiciousPatterns: make.counter('auth_suspicious_patterns_total', 'Suspicious patterns that reached their threshold', { pattern: PATTERNS }),
    securityWebhooks: make.counter('auth_security_webhooks_total', 'Detections posted to the webhook, by what became of them', { result: ['delivered', 'failed'] }),
    rateLimited: make.counter('auth_rate_limited_total', 'Requests refused by a limit', { limiter: LIMITERS }),
    limitsShared: make.gauge('auth_limits_shared', 'Whether the limits count over all replicas (1) or in this process alone (0)'),
    dbPoolConnections: new Gauge({ name: 'auth_db_pool_connections', help: 'Database connections by state, and requests waiting for one', labelNames: ['state'] as const, registers }),
    buildInfo: new Gauge({ name: 'auth_build_info', help: 'Always 1', labelNames: ['service', 'version'] as const, registers }),
  }
}
