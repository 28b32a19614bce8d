import { createDashboard } from '../create-dashboard.ts'
import { AT, createGraph, createHeatmap, createStat } from '../panels.ts'
import { perSecond, quantile, ratio } from '../promql.ts'

const REFRESH = 'route=~"/api/v1/auth/(refresh|auto-refresh)"'
/** Share of refreshes that are not in `bad`, over the selected time. */
const goodShare = (bad: string) =>
  `1 - avg_over_time(${bad}[$__range]) / avg_over_time(auth:refresh_requests:rate5m[$__range])`
const PER_ROUTE = perSecond('auth_http_request_duration_seconds_count', { by: 'method, route' })
const GOOD = 'outcome=~"rotated|replayed|not_due|regressed"'

/** User experience: objectives first, then traffic. */
export const overview = createDashboard({
  uid: 'auto-refresh-overview',
  title: 'Auto Refresh Token / Overview',
  description:
    'Whether users can sign in and refresh: the objectives first, then sign-ins, ' +
    'refreshes and sessions. What to do about an alert: docs/runbooks.',
  rows: {
    Objectives: [
      createStat({
        title: 'Availability of refreshes',
        description:
          'Share of refreshes in the selected time that were not answered 5xx. Objective: 99.95 %.',
        unit: 'percentunit',
        width: 4,
        decimals: 3,
        limits: { good: 0.9995 },
        expr: goodShare('auth:refresh_failures:rate5m'),
      }),
      createStat({
        title: 'Refreshes within 100 ms',
        description:
          'Share of refreshes in the selected time that were answered within 100 ms. Objective: 99 %.',
        unit: 'percentunit',
        width: 4,
        decimals: 2,
        limits: { good: 0.99 },
        expr: goodShare('auth:refresh_slow:rate5m'),
      }),
      createStat({
        title: 'Refresh p99',
        description: '99 % of refreshes are faster than this.',
        unit: 's',
        width: 4,
        limits: { warn: 0.1, bad: 0.25 },
        expr: quantile(0.99, 'auth_http_request_duration_seconds', { where: REFRESH }),
      }),
      createStat({
        title: 'Refresh success rate',
        description:
          'Share of refreshes that returned a valid token pair. ' +
          'Refused expired and foreign tokens lower it, so it is no objective.',
        unit: 'percentunit',
        width: 4,
        decimals: 2,
        expr: ratio(
          perSecond('auth_refreshes_total', { where: GOOD }),
          perSecond('auth_refreshes_total'),
        ),
      }),
      createStat({
        title: 'Thefts detected',
        description:
          'Sessions ended in the selected time because a superseded refresh token was used.',
        unit: 'short',
        width: 4,
        decimals: 0,
        limits: { bad: 0.5 },
        expr: `sum(increase(auth_reuse_detected_total{${AT}}[$__range]))`,
        link: { title: 'Security dashboard', url: '/d/auto-refresh-security' },
      }),
      createStat({
        title: 'Alerts firing',
        description: 'Excludes Watchdog, which always fires.',
        unit: 'short',
        width: 4,
        decimals: 0,
        limits: { bad: 1 },
        expr: 'count(ALERTS{alertstate="firing", alertname!="Watchdog"}) or vector(0)',
      }),
      createGraph({
        title: 'Error budget burn: availability',
        description:
          'Speed at which the error budget of 0.05 % is used, as a multiple of the allowed ' +
          'speed. Above 14.4 over an hour an alert pages.',
        unit: 'x',
        width: 12,
        limits: { warn: 1, bad: 14.4 },
        queries: {
          '5 minutes': 'auth:refresh_failures:rate5m / auth:refresh_requests:rate5m / 0.0005',
          '1 hour': 'auth:refresh_failures:rate1h / auth:refresh_requests:rate1h / 0.0005',
          '6 hours': 'auth:refresh_failures:rate6h / auth:refresh_requests:rate6h / 0.0005',
        },
      }),
      createGraph({
        title: 'Error budget burn: latency',
        description:
          'Speed at which the budget of 1 % of refreshes over 100 ms is used, as a multiple of the allowed speed.',
        unit: 'x',
        width: 12,
        limits: { warn: 1, bad: 14.4 },
        queries: {
          '5 minutes': 'auth:refresh_slow:rate5m / auth:refresh_requests:rate5m / 0.01',
          '1 hour': 'auth:refresh_slow:rate1h / auth:refresh_requests:rate1h / 0.01',
          '6 hours': 'auth:refresh_slow:rate6h / auth:refresh_requests:rate6h / 0.01',
        },
      }),
    ],
    Refreshes: [
      createGraph({
        title: 'Refreshes by outcome',
        description:
          'rotated is the normal outcome, replayed a client that sent the token twice. ' +
          'All outcomes: docs/architecture.md, the rotation decision.',
        unit: 'reqps',
        width: 12,
        stacked: true,
        queries: {
          '{{outcome}}': perSecond('auth_refreshes_total', { by: 'outcome' }),
        },
      }),
      createHeatmap({
        title: 'Latency of refreshes',
        description:
          'Distribution of the response times of refreshes. Each dot is a request and links to its trace.',
        unit: 's',
        width: 12,
        expr: perSecond('auth_http_request_duration_seconds_bucket', { by: 'le', where: REFRESH }),
      }),
      createGraph({
        title: 'Failed refreshes by reason',
        description:
          'Refusals concern the token; unavailable, unknown_kid and unknown_session are internal errors, answered 503.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': perSecond('auth_refreshes_total', {
            by: 'outcome',
            where: 'outcome!~"rotated|replayed|not_due|regressed"',
          }),
        },
      }),
      createGraph({
        title: 'Refreshes by operation',
        description:
          'refresh and auto_refresh are the routes; middleware refreshed during another request.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{operation}}': perSecond('auth_refreshes_total', { by: 'operation' }),
        },
      }),
      createGraph({
        title: 'Time between refreshes',
        description:
          'Per session. With access tokens of 30 minutes it is near 25 minutes; ' +
          'far less means that a client refreshes needlessly.',
        unit: 's',
        width: 8,
        queries: {
          average: ratio(
            perSecond('auth_refresh_interval_seconds_sum'),
            perSecond('auth_refresh_interval_seconds_count'),
          ),
          median: quantile(0.5, 'auth_refresh_interval_seconds'),
        },
      }),
    ],
    'Sign-ins and sessions': [
      createGraph({
        title: 'Sign-ins by outcome',
        description: 'More failures than successes suggest that passwords are being guessed.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': perSecond('auth_logins_total', { by: 'outcome' }),
        },
      }),
      createGraph({
        title: 'Password changes by outcome',
        description:
          'By users: with the current password (own), or with a one-time token (reset). ' +
          'Many `wrong_password` or `invalid_token` are guesses.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{method}} {{outcome}}': perSecond('auth_password_changes_total', {
            by: 'method, outcome',
          }),
        },
      }),
      createGraph({
        title: 'Sessions stored',
        description: 'Estimate by the database, updated by autovacuum.',
        unit: 'short',
        width: 8,
        queries: { sessions: `max(auth_sessions_active{${AT}})` },
      }),
      createGraph({
        title: 'Session duration by end',
        description: 'Median duration of ended sessions, by the reason of the end.',
        unit: 's',
        width: 8,
        queries: {
          '{{end}}': quantile(0.5, 'auth_session_duration_seconds', { by: 'end' }),
        },
      }),
    ],
    Requests: [
      createGraph({
        title: 'Requests by route',
        description: 'All requests of auth-api by route pattern; unmatched are unknown paths.',
        unit: 'reqps',
        width: 8,
        queries: {
          '{{method}} {{route}}': `${PER_ROUTE} > 0`,
        },
      }),
      createGraph({
        title: 'Responses by status class',
        description: '5xx are internal errors, 4xx errors of the caller.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{status_class}}': perSecond('auth_http_request_duration_seconds_count', {
            by: 'status_class',
          }),
        },
      }),
      createGraph({
        title: 'p99 by route',
        description: 'Sign-ins are slower on purpose, because password hashing is slow.',
        unit: 's',
        width: 8,
        exemplars: true,
        queries: {
          '{{route}}': quantile(0.99, 'auth_http_request_duration_seconds', { by: 'route' }),
        },
      }),
    ],
  },
})
