import { createDashboard } from '../create-dashboard.ts'
import { AT, createGraph, createStat, createText } from '../panels.ts'
import { perSecond, quantile, ratio } from '../promql.ts'

/** Link to the traces of the panel's time. */
const TRACES = {
  title: 'Traces of this time',
  url: '/explore?left={"datasource":"tempo","range":{"from":"${__from}","to":"${__to}"}}',
}
const TO_THE_SESSIONS = `No panel names a user or a session; the audit trail does. For the time of a peak:

\`\`\`sql
select occurred_at, session_id, user_id, data from cleanup.audit_events
where type in ('session.reuse-detected.v1', 'session.shadow-suspected.v1') and occurred_at > now() - interval '1 hour';
\`\`\`

How to follow a session and what to do: \`docs/security-operations.md\`.
What to do about an alert: \`docs/runbooks/security.md\`.`

/** Signs of stolen tokens and guessed passwords. */
export const security = createDashboard({
  uid: 'auto-refresh-security',
  title: 'Auto Refresh Token / Security',
  description:
    'Signs of stolen tokens and guessed passwords. No panel names a user or a session; ' +
    'the audit trail does (docs/security-operations.md). ' +
    'What to do about an alert: docs/runbooks/security.md.',
  rows: {
    Theft: [
      createStat({
        title: 'Reuses',
        description:
          'Sessions ended in the selected time because a superseded refresh token was used. ' +
          'In each case two clients held the token.',
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
          'Replays in the selected time from another user agent, or from another network in consecutive generations.',
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
          'A client replayed three generations of a session without ever rotating: ' +
          'it may be a thief who follows the user.',
        unit: 'short',
        width: 6,
        decimals: 0,
        limits: { bad: 0.5 },
        expr: `sum(increase(auth_replays_suspected_total{${AT}, kind="shadow"}[$__range]))`,
        link: TRACES,
      }),
      createStat({
        title: 'Failed sign-ins',
        description: 'Share of all sign-ins.',
        unit: 'percentunit',
        width: 6,
        decimals: 1,
        limits: { warn: 0.3, bad: 0.5 },
        expr: ratio(
          perSecond('auth_logins_total', { where: 'outcome!="succeeded"' }),
          perSecond('auth_logins_total'),
        ),
      }),
      createGraph({
        title: 'Reuses and suspected replays',
        description: 'Per minute. A reuse ends its session; a suspected replay does not.',
        unit: 'cpm',
        width: 12,
        queries: {
          reuse: `${perSecond('auth_reuse_detected_total')} * 60`,
          '{{kind}}': `${perSecond('auth_replays_suspected_total', { by: 'kind' })} * 60`,
        },
        link: TRACES,
      }),
      createGraph({
        title: 'Suspicious patterns',
        description:
          'Detections of threat-monitor per minute. spraying: one network, many names. ' +
          'stuffing: one name, many networks.',
        unit: 'cpm',
        width: 12,
        stacked: true,
        queries: {
          '{{pattern}}': `${perSecond('auth_suspicious_patterns_total', { by: 'pattern' })} * 60`,
        },
        link: TRACES,
      }),
    ],
    'Find the sessions': [
      createText({
        title: 'How to find the sessions of a peak',
        description: 'Query for the audit trail.',
        width: 24,
        height: 6,
        content: TO_THE_SESSIONS,
      }),
    ],
    'Refusals and limits': [
      createGraph({
        title: 'Refused refreshes by reason',
        description:
          'invalid: forged. revoked, expired: no longer valid. reused: a theft. ' +
          'session_mismatch: two tokens of different sessions.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': perSecond('auth_refreshes_total', {
            by: 'outcome',
            where:
              'outcome=~"reused|expired|revoked|invalid|session_mismatch|user_inactive|rate_limited"',
          }),
        },
      }),
      createGraph({
        title: 'Failed sign-ins by reason',
        description: 'Above 0.5 a second and more than succeed, an alert fires.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{outcome}}': perSecond('auth_logins_total', {
            by: 'outcome',
            where: 'outcome!="succeeded"',
          }),
        },
      }),
      createGraph({
        title: 'Requests refused by rate limits',
        description:
          'login: user and address. login_ip, refused_refresh, refused_exchange: address. login_account: user. refresh: session.',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: {
          '{{limiter}}': perSecond('auth_rate_limited_total', { by: 'limiter' }),
        },
      }),
    ],
    Revocation: [
      createGraph({
        title: 'Propagation of revocations',
        description: 'Time from a revocation until all processes know it. Objective: 2 s at p99.',
        unit: 's',
        width: 8,
        limits: { bad: 2 },
        queries: {
          p99: quantile(0.99, 'auth_revocation_propagation_seconds'),
          p50: quantile(0.5, 'auth_revocation_propagation_seconds'),
        },
      }),
      createGraph({
        title: 'Age of the revocation list',
        description: 'Per auth-api. Above 5 s, ended sessions may still be accepted there.',
        unit: 's',
        width: 8,
        limits: { bad: 5 },
        queries: { '{{instance}}': `auth_revocation_feed_age_seconds{${AT}}` },
      }),
      createGraph({
        title: 'Sessions on the revocation list',
        description: 'In the memory of each auth-api. Above 1,000,000 an alert fires.',
        unit: 'short',
        width: 8,
        limits: { bad: 1_000_000 },
        queries: { '{{instance}}': `auth_revocation_list_sessions{${AT}}` },
      }),
      createGraph({
        title: 'Oldest pending revocation',
        description: 'Revocation of a user that waits for token-store. Above 30 s an alert fires.',
        unit: 's',
        width: 8,
        limits: { bad: 30 },
        queries: { oldest: `max(auth_pending_revocations_oldest_seconds{${AT}})` },
      }),
    ],
    'Watching itself': [
      createStat({
        title: 'Age of the signing key',
        description: 'Keys are rotated automatically every 30 days.',
        unit: 's',
        width: 6,
        limits: { warn: 33 * 86_400 },
        expr: `max(auth_signing_key_age_seconds{${AT}})`,
      }),
      createStat({
        title: 'Limits shared by all replicas',
        description:
          '1: shared through Redis. 0: counted per process, so each limit is wider. ' +
          'Standalone always counts per process.',
        unit: 'short',
        width: 6,
        limits: { good: 1 },
        expr: `min(auth_limits_shared{${AT}})`,
      }),
      createStat({
        title: 'Dropped login and refusal events',
        description:
          'Events in the selected time that could not be published, so threat-monitor has not ' +
          'seen them. Sign-ins are in the audit table, refusals are not.',
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
          '{{result}}': `${perSecond('auth_security_webhooks_total', { by: 'result' })} * 60`,
        },
      }),
      createGraph({
        title: 'Oldest recorded sign-in',
        description:
          'Recorded sign-ins contain full addresses. Their age stays below AUDIT_RETENTION_DAYS.',
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
