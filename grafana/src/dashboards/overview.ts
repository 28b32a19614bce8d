import { createDashboard } from '../create-dashboard.ts'
import { AT, createGraph, createHeatmap, createStat } from '../panels.ts'

const REFRESH = `${AT}, route=~"/api/v1/auth/(refresh|auto-refresh)"`
const GOOD = 'outcome=~"rotated|replayed|not_due|regressed"'

/** Whether users are served: the objectives first, then what they do. */
export const overview = createDashboard({
  uid: 'auto-refresh-overview',
  title: 'Auto Refresh Token / Overview',
  description:
    'Whether users are served: the objectives first, then sign-ins, refreshes and sessions. What an alert asks for: docs/runbooks.',
  rows: {
    Objectives: [
      createStat({
        title: 'Availability of refreshes',
        description:
          'Of all refreshes in the chosen time, those that were not answered 5xx. Objective: 99.95 %.',
        unit: 'percentunit',
        width: 4,
        decimals: 3,
        limits: { good: 0.9995 },
        expr: '1 - avg_over_time(auth:refresh_failures:rate5m[$__range]) / avg_over_time(auth:refresh_requests:rate5m[$__range])',
      }),
      createStat({
        title: 'Refreshes within 100 ms',
        description:
          'Of the refreshes in the chosen time, those answered within 100 ms. Objective: 99 %.',
        unit: 'percentunit',
        width: 4,
        decimals: 2,
        limits: { good: 0.99 },
        expr: '1 - avg_over_time(auth:refresh_slow:rate5m[$__range]) / avg_over_time(auth:refresh_requests:rate5m[$__range])',
      }),
      createStat({
        title: 'Refresh p99',
        description: '99 of 100 refreshes are faster.',
        unit: 's',
        width: 4,
        limits: { warn: 0.1, bad: 0.25 },
        expr: `histogram_quantile(0.99, sum by (le) (rate(auth_http_request_duration_seconds_bucket{${REFRESH}}[$__rate_interval])))`,
      }),
      createStat({
        title: 'Refresh success rate',
        description:
          'Refreshes that left the client with a pair that works. Refusals of dead or foreign tokens count against it, so it is no objective.',
        unit: 'percentunit',
        width: 4,
        decimals: 2,
        expr: `sum(rate(auth_refreshes_total{${AT}, ${GOOD}}[$__rate_interval])) / sum(rate(auth_refreshes_total{${AT}}[$__rate_interval]))`,
      }),
      createStat({
        title: 'Thefts noticed',
        description:
          'Sessions ended in the chosen time because a superseded refresh token was used.',
        unit: 'short',
        width: 4,
        decimals: 0,
        limits: { bad: 0.5 },
        expr: `sum(increase(auth_reuse_detected_total{${AT}}[$__range]))`,
        link: { title: 'Security dashboard', url: '/d/auto-refresh-security' },
      }),
      createStat({
        title: 'Alerts firing',
        description: 'Without the watchdog, which always fires.',
        unit: 'short',
        width: 4,
        decimals: 0,
        limits: { bad: 1 },
        expr: 'count(ALERTS{alertstate="firing", alertname!="Watchdog"}) or vector(0)',
      }),
      createGraph({
        title: 'Error budget burn: availability',
        description:
          'How many times as fast as it may be the budget of 0.05 % is spent. Above 14.4 over an hour somebody is woken.',
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
        description: 'How many times as fast as it may be the budget of 1 % over 100 ms is spent.',
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
          'rotated is the usual one, replayed a client that asked twice. What each outcome means: docs/architecture.md, the rotation decision.',
        unit: 'reqps',
        width: 12,
        stacked: true,
        queries: {
          '{{outcome}}': `sum by (outcome) (rate(auth_refreshes_total{${AT}}[$__rate_interval]))`,
        },
      }),
      createHeatmap({
        title: 'Latency of refreshes',
        description:
          'How many refreshes took how long. The dots are single requests and lead to their trace.',
        unit: 's',
        width: 12,
        expr: `sum by (le) (rate(auth_http_request_duration_seconds_bucket{${REFRESH}}[$__rate_interval]))`,
      }),
      createGraph({
        title: 'Failed refreshes by reason',
        description:
          'Refusals are answers about the token; unavailable, unknown_kid and unknown_session are trouble of ours, answered 503.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': `sum by (outcome) (rate(auth_refreshes_total{${AT}, outcome!~"rotated|replayed|not_due|regressed"}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Who asked',
        description:
          'refresh and auto_refresh are the routes; middleware renewed on the way of another request.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{operation}}': `sum by (operation) (rate(auth_refreshes_total{${AT}}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Time between refreshes',
        description:
          'Of a session. With access tokens of 30 minutes it lies near 25 minutes; far below, a client refreshes without need.',
        unit: 's',
        width: 8,
        queries: {
          average: `sum(rate(auth_refresh_interval_seconds_sum{${AT}}[$__rate_interval])) / sum(rate(auth_refresh_interval_seconds_count{${AT}}[$__rate_interval]))`,
          median: `histogram_quantile(0.5, sum by (le) (rate(auth_refresh_interval_seconds_bucket{${AT}}[$__rate_interval])))`,
        },
      }),
    ],
    'Sign-ins and sessions': [
      createGraph({
        title: 'Sign-ins by outcome',
        description: 'More failures than successes is somebody who guesses.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': `sum by (outcome) (rate(auth_logins_total{${AT}}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Sessions stored',
        description: 'The estimate of the database, which follows after an autovacuum.',
        unit: 'short',
        width: 8,
        queries: { sessions: `max(auth_sessions_active{${AT}})` },
      }),
      createGraph({
        title: 'Session duration by end',
        description: 'Median life of the sessions that ended, by what ended them.',
        unit: 's',
        width: 8,
        queries: {
          '{{end}}': `histogram_quantile(0.5, sum by (le, end) (rate(auth_session_duration_seconds_bucket{${AT}}[$__rate_interval])))`,
        },
      }),
    ],
    Requests: [
      createGraph({
        title: 'Requests by route',
        description:
          'All of auth-api, by the pattern of the route; unmatched is every path that is none.',
        unit: 'reqps',
        width: 8,
        queries: {
          '{{method}} {{route}}': `sum by (method, route) (rate(auth_http_request_duration_seconds_count{${AT}}[$__rate_interval])) > 0`,
        },
      }),
      createGraph({
        title: 'Answers by class',
        description: "5xx is ours, 4xx the caller's.",
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{status_class}}': `sum by (status_class) (rate(auth_http_request_duration_seconds_count{${AT}}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'p99 by route',
        description: 'Sign-ins take longer on purpose: hashing a password is slow.',
        unit: 's',
        width: 8,
        exemplars: true,
        queries: {
          '{{route}}': `histogram_quantile(0.99, sum by (le, route) (rate(auth_http_request_duration_seconds_bucket{${AT}}[$__rate_interval])))`,
        },
      }),
    ],
  },
})
