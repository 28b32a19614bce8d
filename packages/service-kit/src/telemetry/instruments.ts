import {
  EVENTS,
  EVENT_TOPICS,
  noTracing,
  PATTERNS,
  REVOKE_REASONS,
  type EventType,
  type Tracing,
} from '@auto-refresh/contracts'
import type { Registry } from 'prom-client'
import { createRegistry } from './exemplars.ts'
import { createLabelledMetrics, type Description } from './create-labelled-metrics.ts'

const LOGIN_OUTCOMES = [
  'succeeded',
  'invalid_credentials',
  'user_inactive',
  'rate_limited',
  'unavailable',
] as const
const LOGIN_METHODS = ['password', 'external', 'token_exchange'] as const
const REFRESH_OPERATIONS = ['refresh', 'auto_refresh', 'middleware', 'verify'] as const
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
const SIGN_IN_LIMITERS = [
  'login',
  'login_ip',
  'login_account',
  'sign_in',
  'refused_refresh',
  'refused_exchange',
  'password_reset',
] as const
const PASSWORD_CHANGE_OUTCOMES = [
  'changed',
  'wrong_password',
  'invalid_token',
  'revoked',
  'refused',
  'rate_limited',
  'unavailable',
] as const
const EVENT_TYPES = Object.keys(EVENTS) as EventType[]
const TOPICS: readonly string[] = EVENT_TOPICS

export const CONSUMERS = ['auth-api', 'cleanup-worker', 'threat-monitor'] as const
const SERVICES = [...CONSUMERS, 'token-store'] as const
type Service = (typeof SERVICES)[number]

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'other']
const STATUS_CLASSES: readonly string[] = ['2xx', '3xx', '4xx', '5xx']
const KNOWN_LATER: readonly string[] = []

/** Buckets contain the objectives: a refresh within 0.1 s, a revocation everywhere within 2 s. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3]
const PROPAGATION_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10]
const REFRESH_INTERVAL_SECONDS = [1, 10, 60, 300, 900, 1500, 1800, 3600, 21_600, 86_400, 604_800]
const SESSION_SECONDS = [60, 600, 3600, 21_600, 86_400, 259_200, 604_800, 1_209_600, 2_592_000]
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/**
 * Creates every metric of the product; docs/metrics.md is generated from here. Labels are bounded:
 * never a user, an address or a session. A service exports only its own metrics, because a clean-up
 * that "never ran" in auth-api would be a false alarm. Any other process name, such as standalone,
 * exports all.
 */
export function createInstruments({
  registry,
  service,
  tracing = noTracing,
  onCreated = () => {},
}: {
  registry: Registry
  service: string
  tracing?: Pick<Tracing, 'current'>
  onCreated?: (description: Description) => void
}) {
  const isPart = (part: Service) => service === part || !SERVICES.some((each) => each === service)
  const makersOf = (...from: Service[]) =>
    createLabelledMetrics({ registry, from, isExported: from.some(isPart), tracing, onCreated })
  const [authApi, tokenStore, cleanupWorker, threatMonitor] = [
    makersOf('auth-api'),
    makersOf('token-store'),
    makersOf('cleanup-worker'),
    makersOf('threat-monitor'),
  ]
  const [consumers, all] = [makersOf(...CONSUMERS), makersOf(...SERVICES)]
  const consumer = CONSUMERS.filter(isPart)
  return {
    httpRequestDuration: authApi.histogram(
      'auth_http_request_duration_seconds',
      'Time from request to response, by route pattern; `unmatched` is any unknown path or method',
      REQUEST_SECONDS,
      {
        route: KNOWN_LATER,
        method: METHODS,
        status_class: STATUS_CLASSES,
      },
    ),
    logins: authApi.counter('auth_logins_total', 'Sign-ins by outcome and method', {
      outcome: LOGIN_OUTCOMES,
      method: LOGIN_METHODS,
    }),
    passwordChanges: authApi.counter(
      'auth_password_changes_total',
      'Changes of a password by its user, with the current password or with a one-time token',
      { method: ['own', 'reset'], outcome: PASSWORD_CHANGE_OUTCOMES },
    ),
    refreshes: authApi.counter('auth_refreshes_total', 'Refreshes by operation and outcome', {
      operation: REFRESH_OPERATIONS,
      outcome: REFRESH_OUTCOMES,
    }),
    refreshInterval: authApi.plainHistogram(
      'auth_refresh_interval_seconds',
      'Time between two rotations of a session',
      REFRESH_INTERVAL_SECONDS,
    ),
    rateLimited: makersOf('auth-api', 'token-store').counter(
      'auth_rate_limited_total',
      'Requests refused by a rate limit; `refresh`, the limit per session, is from token-store',
      {
        limiter: [
          ...(isPart('auth-api') ? SIGN_IN_LIMITERS : []),
          ...(isPart('token-store') ? (['refresh'] as const) : []),
        ],
      },
    ),
    limitsShared: authApi.plainGauge(
      'auth_limits_shared',
      'Rate limits are shared by all replicas (1) or, without Redis, counted per process (0)',
    ),
    loginEventsDropped: authApi.plainCounter(
      'auth_login_events_dropped_total',
      'Events of sign-ins and refused refresh tokens dropped because publishing failed; ' +
        'only sign-ins remain, in `login_audit`',
    ),
    revocationFeedAge: authApi.plainGauge(
      'auth_revocation_feed_age_seconds',
      'Age of the revocation list; normally below 1',
    ),
    revocationListSessions: authApi.plainGauge(
      'auth_revocation_list_sessions',
      'Ended sessions that may have a live access token, held in memory',
    ),
    revocationPropagation: authApi.plainHistogram(
      'auth_revocation_propagation_seconds',
      'Time from a revocation in another process to its entry in this list',
      PROPAGATION_SECONDS,
    ),
    pendingRevocationsOldest: authApi.plainGauge(
      'auth_pending_revocations_oldest_seconds',
      'Age of the oldest revocation that token-store has not acknowledged',
    ),
    signInsOldest: authApi.plainGauge(
      'auth_sign_ins_oldest_seconds',
      'Age of the oldest recorded sign-in; at most AUDIT_RETENTION_DAYS',
    ),
    signInsRetention: authApi.plainGauge(
      'auth_sign_ins_retention_seconds',
      'How long a sign-in is kept (AUDIT_RETENTION_DAYS)',
    ),
    signingKeyAge: authApi.plainGauge(
      'auth_signing_key_age_seconds',
      'Age of the active signing key',
    ),
    reuseDetected: tokenStore.plainCounter(
      'auth_reuse_detected_total',
      'Sessions revoked because a superseded refresh token was used',
    ),
    replaysSuspected: tokenStore.counter(
      'auth_replays_suspected_total',
      'Replays that suggest a second holder of the token',
      { kind: ['replay', 'shadow'] },
    ),
    sessionDuration: tokenStore.histogram(
      'auth_session_duration_seconds',
      'Lifetime of sessions, by reason of their end',
      SESSION_SECONDS,
      { end: SESSION_ENDS },
    ),
    sessionsActive: tokenStore.plainGauge(
      'auth_sessions_active',
      "Number of stored sessions, estimated from Postgres' statistics",
    ),
    rotationBatchSize: tokenStore.plainHistogram(
      'auth_rotation_batch_size',
      'Rotations per transaction',
      BATCH_SIZES,
    ),
    downtimeSeconds: tokenStore.plainCounter(
      'auth_downtime_seconds_total',
      'Time in which no replica of token-store was up with a working database',
    ),
    outboxPendingEvents: tokenStore.plainGauge(
      'auth_outbox_pending_events',
      'Events in the outbox, at most 100,000; equal on all replicas',
    ),
    outboxOldestEventAge: tokenStore.plainGauge(
      'auth_outbox_oldest_event_age_seconds',
      'Age of the oldest event in the outbox; equal on all replicas',
    ),
    outboxLanesOwned: tokenStore.plainGauge(
      'auth_outbox_lanes_owned',
      'Outbox lanes leased by this replica; 16 over all replicas',
    ),
    eventsPublished: tokenStore.counter(
      'auth_events_published_total',
      'Events published to the bus; `failed` counts attempts',
      { result: ['published', 'failed'] },
    ),
    eventsProcessed: consumers.counter(
      'auth_events_processed_total',
      'Events consumed from the bus',
      {
        consumer,
        type: EVENT_TYPES,
        result: ['handled', 'duplicate', 'failed'],
      },
    ),
    eventConsumerLag: consumers.gauge(
      'auth_event_consumer_lag',
      'Unconsumed events of the topic in the partitions of this replica',
      { consumer, topic: TOPICS },
    ),
    eventsDeadLettered: consumers.plainCounter(
      'auth_events_dead_lettered_total',
      'Events that could not be decoded and were sent to `<topic>.dlq`',
    ),
    cleanupDeletedSessions: cleanupWorker.plainCounter(
      'auth_cleanup_deleted_sessions_total',
      'Expired sessions deleted',
    ),
    cleanupLastSuccess: cleanupWorker.plainGauge(
      'auth_cleanup_last_success_timestamp_seconds',
      'Time of the last completed clean-up; 0 before the first',
    ),
    cleanupBacklog: cleanupWorker.plainGauge(
      'auth_cleanup_backlog_sessions',
      'Expired sessions not yet deleted, at most 100,000',
    ),
    clockOffset: authApi.plainGauge(
      'auth_clock_offset_seconds',
      'Clock of the database of token-store minus the clock of this process, less the network delay',
    ),
    cleanupRefused: cleanupWorker.gauge(
      'auth_cleanup_refused',
      'The sweep of expired sessions is refused (1), by reason',
      { reason: ['clock', 'heartbeat', 'downtime', 'share'] },
    ),
    suspiciousPatterns: threatMonitor.counter(
      'auth_suspicious_patterns_total',
      'Suspicious patterns that reached their threshold',
      { pattern: PATTERNS },
    ),
    securityWebhooks: threatMonitor.counter(
      'auth_security_webhooks_total',
      'Detections posted to the webhook; `failed` after the last attempt or with a full queue',
      { result: ['delivered', 'failed'] },
    ),
    dbPoolConnections: makersOf('auth-api', 'token-store', 'cleanup-worker').gauge(
      'auth_db_pool_connections',
      'Database connections of the process; `waiting` counts requests that wait for one',
      { state: ['idle', 'busy', 'waiting'] },
    ),
    buildInfo: all.gauge('auth_build_info', 'Always 1', {
      service: KNOWN_LATER,
      version: KNOWN_LATER,
    }),
  }
}

/** Describes all instruments, for the docs and for tests of dashboards and alert rules. */
export function describeInstruments(): Description[] {
  const made: Description[] = []
  createInstruments({
    registry: createRegistry(),
    service: 'all of them',
    onCreated: (description) => made.push(description),
  })
  return made
}
