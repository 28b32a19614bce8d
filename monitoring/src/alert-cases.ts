/** `count` samples of a constant value, or of one that grows by `step`, in promtool's notation. */
const flat = (value: number, count: number) => `${value}+0x${count - 1}`
const samples = (...parts: string[]) => parts.join(' ')
const climb = (from: number, step: number, count: number) => `${from}+${step}x${count - 1}`

/**
 * A test case of an alert: series by name, and how many instances of the alert fire at which time.
 * In each case the alert is quiet, fires and resolves; the quiet values are near the limit where
 * that matters.
 */
export type AlertCase = Readonly<{
  alert: string
  title?: string
  window?: string
  interval: string
  series: Readonly<Record<string, string>>
  firing: Readonly<Record<string, number>>
}>

const OLD = {
  'process_start_time_seconds{job="token-store", instance="a"}': flat(-10_000, 400),
  'process_start_time_seconds{job="token-store", instance="b"}': flat(-10_000, 400),
}

/**
 * Two minutes of 0, then `by` at once on one of two replicas, then constant. Samples every 5 s, as
 * scraped.
 */
function counted(
  alert: string,
  metric: string,
  {
    by = 1,
    firing = { '2m': 0, '2m10s': 1, '8m': 0 },
  }: { by?: number; firing?: Record<string, number> } = {},
): AlertCase {
  const at = (instance: string) =>
    metric.replace(
      /\}?$/,
      `${metric.endsWith('}') ? ', ' : '{'}job="token-store", instance="${instance}"}`,
    )
  return {
    alert,
    interval: '5s',
    series: { ...OLD, [at('a')]: `${flat(0, 25)} ${flat(by, 200)}`, [at('b')]: flat(7, 225) },
    firing,
  }
}

/** 5 minutes of `before`, 10 of `during`, 15 of `after`, sampled every 15 s. */
const gauge = (
  alert: string,
  series: string,
  [before, during, after]: readonly [number, number, number],
  firing: Record<string, number> = { '5m': 0, '14m': 1, '18m': 0 },
): AlertCase => ({
  alert,
  interval: '15s',
  series: { [series]: `${flat(before, 20)} ${flat(during, 40)} ${flat(after, 60)}` },
  firing,
})

/**
 * 5 minutes at one pace, 10 at another, then the first again, sampled every 15 s; a pace is the
 * increase in 15 s.
 */
const pace = (slow: number, fast: number) =>
  `${climb(0, slow, 20)} ${climb(20 * slow, fast, 40)} ${climb(20 * slow + 40 * fast, slow, 80)}`

const route = 'job="auth-api", instance="a", route="/api/v1/auth/refresh", method="POST"'
const duration = 'auth_http_request_duration_seconds'
const GOOD = `${duration}_count{${route}, status_class="2xx"}`
const BAD = `${duration}_count{${route}, status_class="5xx"}`
const FAST = `${duration}_bucket{${route}, status_class="2xx", le="0.1"}`
/**
 * 2 hours of good responses, 8 of partly bad ones, 10 of good ones, 600 a minute, sampled every two
 * minutes.
 */
const SLO_SERIES = {
  failures: {
    [GOOD]: samples(climb(0, 1200, 60), climb(72_000, 1176, 240), climb(354_240, 1200, 300)),
    [BAD]: samples(flat(0, 60), climb(0, 24, 240), flat(5760, 300)),
    [FAST]: climb(0, 1200, 600),
  },
  slow: {
    [GOOD]: climb(0, 1200, 600),
    [BAD]: flat(0, 600),
    [FAST]: samples(climb(0, 1200, 60), climb(72_000, 960, 240), climb(302_400, 1200, 300)),
  },
}
const burn = (alert: string, series: Record<string, string>): AlertCase[] => [
  { alert, window: '1h', interval: '2m', series, firing: { '2h': 0, '3h': 1, '10h16m': 0 } },
  { alert, window: '6h', interval: '2m', series, firing: { '2h10m': 0, '4h': 1, '10h46m': 0 } },
  { alert, window: '1d', interval: '2m', series, firing: { '3h': 0, '5h': 1, '12h16m': 0 } },
  { alert, window: '3d', interval: '2m', series, firing: { '5h': 0, '7h': 1, '16h16m': 0 } },
]

const PRESENT = {
  'auth_outbox_lanes_owned{job="token-store"}': flat(16, 100),
  'auth_cleanup_last_success_timestamp_seconds{job="cleanup-worker"}': flat(0, 100),
  'auth_suspicious_patterns_total{job="threat-monitor", pattern="reuse"}': flat(0, 100),
}

export const ALERT_CASES: readonly AlertCase[] = [
  ...burn('RefreshAvailabilityBurn', SLO_SERIES.failures),
  ...burn('RefreshLatencyBurn', SLO_SERIES.slow),
  {
    alert: 'RefreshAvailabilityBurn',
    title: 'occasional failures fire no alert',
    window: '1h',
    interval: '1m',
    series: {
      [`auth_http_request_duration_seconds_count{${route}, status_class="2xx"}`]: climb(0, 1, 600),
      [`auth_http_request_duration_seconds_count{${route}, status_class="5xx"}`]: Array.from(
        { length: 30 },
        (_, at) => flat(at, 20),
      ).join(' '),
    },
    firing: { '2h3m': 0, '5h3m': 0, '9h3m': 0 },
  },

  counted('RefreshTokenReused', 'auth_reuse_detected_total'),
  {
    alert: 'RefreshTokenReused',
    title: 'a reuse between the start of a replica and its first scrape fires the alert',
    interval: '5s',
    series: {
      'process_start_time_seconds{job="token-store", instance="new"}': `_x24 ${flat(118, 200)}`,
      'auth_reuse_detected_total{job="token-store", instance="new"}': `_x24 ${flat(1, 200)}`,
      'process_start_time_seconds{job="token-store", instance="old"}': flat(-10_000, 225),
      'auth_reuse_detected_total{job="token-store", instance="old"}': flat(3, 225),
    },
    firing: { '1m55s': 0, '2m5s': 1, '7m30s': 0 },
  },
  counted('RefreshTokenReuseSpike', 'auth_reuse_detected_total', { by: 6 }),
  counted('ReplaySuspected', 'auth_replays_suspected_total{kind="replay"}', { by: 4 }),
  counted('ShadowSuspected', 'auth_replays_suspected_total{kind="shadow"}'),
  counted('CredentialStuffing', 'auth_suspicious_patterns_total{pattern="stuffing"}'),
  counted('PasswordSpraying', 'auth_suspicious_patterns_total{pattern="spraying"}'),
  counted('RefreshVelocity', 'auth_suspicious_patterns_total{pattern="refresh_velocity"}'),
  counted('SignInAfterReuse', 'auth_suspicious_patterns_total{pattern="sign_in_after_reuse"}'),
  counted('SuspiciousPattern', 'auth_suspicious_patterns_total{pattern="session_burst"}'),
  counted('SecurityWebhookFailing', 'auth_security_webhooks_total{result="failed"}'),
  {
    alert: 'FailedLoginSpike',
    interval: '15s',
    series: {
      'auth_logins_total{outcome="succeeded"}': climb(0, 15, 140),
      'auth_logins_total{outcome="invalid_credentials"}': pace(10, 60),
    },
    firing: { '5m': 0, '13m': 1, '22m': 0 },
  },
  {
    alert: 'RefusalRatioHigh',
    interval: '15s',
    series: {
      'auth_refreshes_total{operation="refresh", outcome="rotated"}': climb(0, 15, 140),
      'auth_refreshes_total{operation="refresh", outcome="invalid"}': pace(2, 15),
    },
    firing: { '5m': 0, '13m': 1, '22m': 0 },
  },

  { alert: 'Watchdog', interval: '15s', series: {}, firing: { '0s': 1, '1h': 1 } },
  gauge('TargetDown', 'up{job="auth-api", instance="a"}', [1, 0, 1]),
  {
    alert: 'ServiceAbsent',
    interval: '15s',
    series: {
      ...PRESENT,
      'auth_logins_total{job="auth-api", outcome="succeeded"}': samples(
        flat(0, 20),
        'stale',
        '_x38',
        flat(0, 20),
      ),
    },
    firing: { '5m': 0, '14m': 1, '15m30s': 0 },
  },
  {
    alert: 'ServiceRestarting',
    interval: '15s',
    series: {
      'process_start_time_seconds{job="auth-api", instance="a"}': samples(
        flat(0, 20),
        flat(300, 8),
        flat(420, 8),
        flat(540, 100),
      ),
    },
    firing: { '5m15s': 0, '10m': 1, '30m': 0 },
  },
  gauge('OutboxStuck', 'auth_outbox_oldest_event_age_seconds{instance="a"}', [59, 90, 0]),
  gauge('OutboxLaneWithoutOwner', 'auth_outbox_lanes_owned{instance="a"}', [16, 12, 16]),
  gauge(
    'ConsumerLagging',
    'auth_event_consumer_lag{consumer="auth-api", topic="auth.session-events.v1"}',
    [1000, 1001, 0],
  ),
  {
    alert: 'ConsumerDead',
    interval: '15s',
    series: {
      'auth_events_published_total{result="published"}': climb(0, 15, 200),
      'auth_events_processed_total{consumer="auth-api", type="session.rotated.v1", result="handled"}':
        samples(climb(0, 15, 20), flat(285, 80), climb(285, 15, 80)),
      'auth_events_processed_total{consumer="cleanup-worker", type="session.rotated.v1", result="handled"}':
        climb(0, 15, 200),
    },
    firing: { '9m': 0, '20m': 1, '26m': 0 },
  },
  {
    ...counted('EventsDeadLettered', 'auth_events_dead_lettered_total', {
      firing: { '2m': 0, '2m30s': 1, '18m': 0 },
    }),
  },
  {
    ...counted('LoginEventsDropped', 'auth_login_events_dropped_total', {
      firing: { '2m': 0, '2m30s': 1, '18m': 0 },
    }),
  },
  {
    alert: 'CleanupStalled',
    interval: '15s',
    series: {
      'auth_cleanup_last_success_timestamp_seconds{instance="a"}': samples(
        flat(0, 100),
        flat(1500, 40),
      ),
    },
    firing: { '15m': 0, '17m': 1, '26m': 0 },
  },
  {
    alert: 'SignInRetentionBehind',
    interval: '1m',
    series: {
      'auth_sign_ins_oldest_seconds{instance="a"}': samples(
        flat(91 * 86_400 - 60, 30),
        flat(91 * 86_400 + 60, 90),
        flat(90 * 86_400, 30),
      ),
      'auth_sign_ins_oldest_seconds{instance="b"}': flat(90 * 86_400, 150),
      'auth_sign_ins_retention_seconds{instance="a"}': flat(90 * 86_400, 150),
    },
    firing: { '30m': 0, '1h45m': 1, '2h10m': 0 },
  },
  gauge(
    'ClockOffset',
    'auth_clock_offset_seconds{job="auth-api", instance="a"}',
    [-0.5, -0.6, 0.1],
  ),
  gauge('CleanupRefused', 'auth_cleanup_refused{instance="a", reason="downtime"}', [0, 1, 0]),
  {
    alert: 'CleanupBacklog',
    interval: '1m',
    series: {
      'auth_cleanup_backlog_sessions{instance="a"}': samples(
        flat(20_000, 30),
        flat(20_001, 60),
        flat(10, 30),
      ),
    },
    firing: { '30m': 0, '70m': 1, '95m': 0 },
  },
  gauge(
    'RevocationFeedStale',
    'auth_revocation_feed_age_seconds{job="auth-api", instance="a"}',
    [4.9, 20, 0.4],
  ),
  {
    alert: 'RevocationListLarge',
    interval: '1m',
    series: {
      'auth_revocation_list_sessions{job="auth-api", instance="a"}': samples(
        flat(1_000_000, 10),
        flat(1_000_001, 30),
        flat(10, 30),
      ),
    },
    firing: { '10m': 0, '20m': 1, '45m': 0 },
  },
  {
    alert: 'RevocationPropagationSlow',
    interval: '15s',
    series: {
      'auth_revocation_propagation_seconds_bucket{le="2"}': samples(
        climb(0, 1, 20),
        flat(19, 40),
        climb(19, 1, 140),
      ),
      'auth_revocation_propagation_seconds_bucket{le="5"}': climb(0, 1, 200),
      'auth_revocation_propagation_seconds_bucket{le="+Inf"}': climb(0, 1, 200),
      auth_revocation_propagation_seconds_count: climb(0, 1, 200),
    },
    firing: { '5m': 0, '14m': 1, '27m': 0 },
  },
  gauge('RevocationPending', 'auth_pending_revocations_oldest_seconds{instance="a"}', [29, 60, 0]),
  counted('DatabaseWentBack', 'auth_refreshes_total{operation="refresh", outcome="regressed"}'),
  counted('UnknownKeyId', 'auth_refreshes_total{operation="refresh", outcome="unknown_kid"}'),
  counted('HeartbeatGap', 'auth_downtime_seconds_total'),
  {
    alert: 'SigningKeyOld',
    interval: '1m',
    series: {
      'auth_signing_key_age_seconds{instance="a"}': samples(
        flat(33 * 86_400 - 60, 30),
        flat(33 * 86_400 + 60, 90),
        flat(0, 30),
      ),
    },
    firing: { '30m': 0, '1h45m': 1, '2h10m': 0 },
  },
  {
    alert: 'LimitsNotShared',
    interval: '15s',
    series: {
      'auth_limits_shared{job="auth-api", instance="a"}': samples(
        flat(1, 20),
        flat(0, 40),
        flat(1, 60),
      ),
      'auth_build_info{job="auth-api", instance="a", service="auth-api"}': flat(1, 120),
      'auth_limits_shared{job="one", instance="b"}': flat(0, 120),
      'auth_build_info{job="one", instance="b", service="standalone"}': flat(1, 120),
    },
    firing: { '5m': 0, '14m': 1, '18m': 0 },
  },
  gauge(
    'DatabasePoolExhausted',
    'auth_db_pool_connections{job="auth-api", instance="a", state="waiting"}',
    [0, 3, 0],
  ),
  gauge(
    'EventLoopBlocked',
    'nodejs_eventloop_lag_p99_seconds{job="auth-api", instance="a"}',
    [0.2, 0.4, 0.01],
  ),
]
