import { createDashboard } from '../create-dashboard.ts'
import { AT, createGraph, createStat, createText } from '../panels.ts'

/** Spans of refreshes that were refused, for the time of the panel. */
const TRACES = {
  title: 'Traces of this time',
  url: '/explore?left={"datasource":"tempo","range":{"from":"${__from}","to":"${__to}"}}',
}
const TO_THE_SESSIONS = `No panel names a user or a session; the audit trail does. For the time of a peak:

\`\`\`sql
select occurred_at, session_id, user_id, data from cleanup.audit_events
where type in ('session.reuse-detected.v1', 'session.shadow-suspected.v1') and occurred_at > now() - interval '1 hour';
\`\`\`

Then the story of one session, who held it and what to do: \`docs/security-operations.md\`. What an alert asks for: \`docs/runbooks/security.md\`.`

/** Who may hold what is not theirs. */
export const security = createDashboard({
  uid: 'auto-refresh-security',
  title: 'Auto Refresh Token / Security',
  description:
    'Who may hold what is not theirs. No panel names a user or a session: the events in the audit trail do (docs/security-operations.md). What an alert asks for: docs/runbooks/security.md.',
  rows: {
    Theft: [
      createStat({
        title: 'Reuses',
        description:
          'Sessions ended in the chosen time because a superseded refresh token was used. Each is a token that two held.',
        unit: 'short',
        width: 6,
        decimals: 0,
        limits: { bad: 0.5 },
        expr: `sum(increase(auth_reuse_detected_total{${AT}}[$__range]))`,
        link: TRACES,
      }),
      createStat({
        title: 'Replays suspected',
        description:
          'Replays from another user agent, or from another network in one generation after the other, in the chosen time.',
        unit: 'short',
        width: 6,
        decimals: 0,
        limits: { warn: 1 },
        expr: `sum(increase(auth_replays_suspected_total{${AT}, kind="replay"}[$__range]))`,
        link: TRACES,
      }),
      createStat({
        title: 'Shadows suspected',
        description:
          'Three generations of a session were followed by a client that never rotates: somebody may refresh right behind the user.',
        unit: 'short',
        width: 6,
        decimals: 0,
        limits: { bad: 0.5 },
        expr: `sum(increase(auth_replays_suspected_total{${AT}, kind="shadow"}[$__range]))`,
        link: TRACES,
      }),
      createStat({
        title: 'Sign-ins that fail',
        description: 'Share of all sign-ins.',
        unit: 'percentunit',
        width: 6,
        decimals: 1,
        limits: { warn: 0.3, bad: 0.5 },
        expr: `sum(rate(auth_logins_total{${AT}, outcome!="succeeded"}[$__rate_interval])) / sum(rate(auth_logins_total{${AT}}[$__rate_interval]))`,
      }),
      createGraph({
        title: 'Reuses and suspected replays',
        description: 'Per minute. A reuse ends its session; a suspected replay does not.',
        unit: 'cpm',
        width: 12,
        queries: {
          reuse: `sum(rate(auth_reuse_detected_total{${AT}}[$__rate_interval])) * 60`,
          '{{kind}}': `sum by (kind) (rate(auth_replays_suspected_total{${AT}}[$__rate_interval])) * 60`,
        },
        link: TRACES,
      }),
      createGraph({
        title: 'Suspicious patterns',
        description:
          'What threat-monitor found in the events, per minute. spraying: one network, many names. stuffing: one name, many networks.',
        unit: 'cpm',
        width: 12,
        stacked: true,
        queries: {
          '{{pattern}}': `sum by (pattern) (rate(auth_suspicious_patterns_total{${AT}}[$__rate_interval])) * 60`,
        },
        link: TRACES,
      }),
    ],
    'From here to the sessions': [
      createText({
        title: 'From a peak to the session behind it',
        description: 'The way into the audit trail.',
        width: 24,
        height: 6,
        content: TO_THE_SESSIONS,
      }),
    ],
    'Refusals and limits': [
      createGraph({
        title: 'Refused refreshes by reason',
        description:
          'invalid: no token of ours. revoked, expired: dead. reused: a theft. session_mismatch: two tokens of different sessions.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': `sum by (outcome) (rate(auth_refreshes_total{${AT}, outcome=~"reused|expired|revoked|invalid|session_mismatch|user_inactive|rate_limited"}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Failed sign-ins by reason',
        description: 'Above half a sign-in a second, and more than succeed, there is an alert.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': `sum by (outcome) (rate(auth_logins_total{${AT}, outcome!="succeeded"}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Requests refused by limits',
        description:
          'login: user and address. login_ip, refused_refresh: address. login_account: user. refresh: session.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{limiter}}': `sum by (limiter) (rate(auth_rate_limited_total{${AT}}[$__rate_interval]))`,
        },
      }),
    ],
    Revocation: [
      createGraph({
        title: 'Revocations reach everybody',
        description: 'From the revocation to the list of the last process. Promise: 2 s at p99.',
        unit: 's',
        width: 8,
        limits: { bad: 2 },
        queries: {
          p99: `histogram_quantile(0.99, sum by (le) (rate(auth_revocation_propagation_seconds_bucket{${AT}}[$__rate_interval])))`,
          p50: `histogram_quantile(0.5, sum by (le) (rate(auth_revocation_propagation_seconds_bucket{${AT}}[$__rate_interval])))`,
        },
      }),
      createGraph({
        title: 'Age of the revocation list',
        description: 'Of each auth-api. Above 5 s, ended sessions are still accepted there.',
        unit: 's',
        width: 8,
        limits: { bad: 5 },
        queries: { '{{instance}}': `auth_revocation_feed_age_seconds{${AT}}` },
      }),
      createGraph({
        title: 'Sessions on the revocation list',
        description: 'Held in the memory of each auth-api. Above 1,000,000 there is an alert.',
        unit: 'short',
        width: 8,
        limits: { bad: 1_000_000 },
        queries: { '{{instance}}': `auth_revocation_list_sessions{${AT}}` },
      }),
      createGraph({
        title: 'Oldest pending revocation',
        description: 'Of a user, waiting for token-store. Above 30 s there is an alert.',
        unit: 's',
        width: 8,
        limits: { bad: 30 },
        queries: { oldest: `max(auth_pending_revocations_oldest_seconds{${AT}})` },
      }),
    ],
    'Watching itself': [
      createStat({
        title: 'Age of the signing key',
        description: 'Keys change by themselves every 30 days.',
        unit: 's',
        width: 6,
        limits: { warn: 33 * 86_400 },
        expr: `max(auth_signing_key_age_seconds{${AT}})`,
      }),
      createStat({
        title: 'Limits shared by all replicas',
        description:
          '1: through Redis. 0: a process counts alone, so each limit is wider. Standalone always counts alone.',
        unit: 'short',
        width: 6,
        limits: { good: 1 },
        expr: `min(auth_limits_shared{${AT}})`,
      }),
      createStat({
        title: 'Login and refusal events given up',
        description:
          'In the chosen time: the bus did not take them, so threat-monitor has not seen them. Sign-ins are in the audit table, refusals are not.',
        unit: 'short',
        width: 6,
        decimals: 0,
        limits: { bad: 0.5 },
        expr: `sum(increase(auth_login_events_dropped_total{${AT}}[$__range]))`,
      }),
      createGraph({
        title: 'Security webhooks',
        description: 'Events sent to SECURITY_WEBHOOK_URL, per minute.',
        unit: 'cpm',
        width: 6,
        height: 4,
        queries: {
          '{{result}}': `sum by (result) (rate(auth_security_webhooks_total{${AT}}[$__rate_interval])) * 60`,
        },
      }),
      createGraph({
        title: 'Oldest recorded sign-in',
        description: 'Sign-ins hold whole addresses. Their age stays below AUDIT_RETENTION_DAYS.',
        unit: 's',
        width: 6,
        height: 4,
        queries: {
          oldest: `max(auth_sign_ins_oldest_seconds{${AT}})`,
          'kept for': `max(auth_sign_ins_retention_seconds{${AT}})`,
        },
      }),
    ],
  },
})
