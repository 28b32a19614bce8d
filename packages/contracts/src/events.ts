import { Type, type Static, type TSchema } from 'typebox'
import type { ErrorCode } from './error-codes.ts'

export const SESSION_EVENTS_TOPIC = 'auth.session-events.v1'
export const LOGIN_EVENTS_TOPIC = 'auth.login-events.v1'
export const SECURITY_EVENTS_TOPIC = 'auth.security-events.v1'
export const EVENT_TOPICS = [
  SESSION_EVENTS_TOPIC,
  LOGIN_EVENTS_TOPIC,
  SECURITY_EVENTS_TOPIC,
] as const

/** The network (/24 or /48, never the full address) and the user agent of a request. */
export const ClientContext = Type.Object({
  network: Type.String({ maxLength: 64 }),
  agent: Type.String({ maxLength: 256 }),
})
export type ClientContext = Static<typeof ClientContext>

const Uuid = Type.String({ format: 'uuid' })
const Time = Type.String({ format: 'date-time' })

const session = {
  session_id: Uuid,
  session_seq: Type.Integer({
    minimum: 0,
    description: 'one more than that of the previous event; decides order and duplicates',
  }),
  user_id: Uuid,
  client_id: Type.String(),
  generation: Type.Integer({
    minimum: 0,
    description: 'the generation after the event',
  }),
}
const Side = Type.Object({
  network: Type.String(),
  agent: Type.String(),
  at: Time,
  generation: Type.Integer(),
})
const sides = { rotated: Side, presented: Side }
const streak = Type.Integer({
  description: 'counted generations that a client other than the rotating one replayed; 0: excused',
})

const login = {
  username_hash: Type.String({
    description: 'HMAC of the user name; of the external id if another system knows the user',
  }),
  // Both are optional, because events of an older release have neither.
  method: Type.Optional(
    Type.String({ description: 'password, external, token_exchange; may get new values' }),
  ),
  actor: Type.Optional(
    Type.String({
      description: 'who says that the user was authenticated elsewhere, such as `key:shop`',
    }),
  ),
}

export const REVOKE_REASONS = [
  'logout',
  'logout_all',
  'user_disabled',
  'password_changed',
  'admin',
  'limit',
  'reuse',
] as const
export const RevokeReason = Type.Enum(REVOKE_REASONS)
export type RevokeReason = (typeof REVOKE_REASONS)[number]

/** The error codes of refused refresh tokens. */
export const REFUSAL_CODES = [
  'refresh_token_invalid',
  'refresh_token_expired',
  'refresh_token_revoked',
  'refresh_token_reused',
  'session_mismatch',
  'user_inactive',
] as const satisfies readonly ErrorCode[]
export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** What threat-monitor detects; docs/security-operations.md says what to do about each. */
export const PATTERNS = [
  'reuse',
  'shadow',
  'replay_elsewhere',
  'refresh_velocity',
  'spraying',
  'stuffing',
  'refusals',
  'session_burst',
  'sign_in_after_reuse',
] as const
export type Pattern = (typeof PATTERNS)[number]

/** How soon a person must act: at once, today, this week. */
export const SEVERITIES = ['high', 'medium', 'low'] as const
export type Severity = (typeof SEVERITIES)[number]
/** `high` means that somebody else probably has a user's token. */
const SEVERITY_OF: Readonly<Record<Pattern, Severity>> = {
  reuse: 'high',
  shadow: 'high',
  sign_in_after_reuse: 'high',
  replay_elsewhere: 'medium',
  refresh_velocity: 'medium',
  spraying: 'medium',
  stuffing: 'medium',
  refusals: 'medium',
  session_burst: 'low',
}
/** A pattern of a newer release counts as `medium`. */
export const toSeverity = (pattern: string): Severity =>
  (SEVERITY_OF as Readonly<Record<string, Severity | undefined>>)[pattern] ?? 'medium'

/** All event types, with the schema of their data. A breaking change needs a new type. */
export const EVENTS = {
  'session.issued.v1': Type.Object({
    ...session,
    ...ClientContext.properties,
    expires_at: Time,
    idle_until: Time,
  }),
  'session.rotated.v1': Type.Object({
    ...session,
    ...ClientContext.properties,
    idle_until: Time,
    interval_seconds: Type.Number({ minimum: 0, description: 'since the previous rotation' }),
  }),
  'session.reuse-detected.v1': Type.Object({
    ...session,
    ...sides,
    age_seconds: Type.Number({ minimum: 0 }),
    session_seconds: Type.Number({ minimum: 0 }),
  }),
  'session.revoked.v1': Type.Object({
    ...session,
    reason: RevokeReason,
    session_seconds: Type.Number({ minimum: 0 }),
    actor: Type.Optional(
      Type.String({
        maxLength: 256,
        description: 'the administrator who ended this session alone: `key:`, `user:` or `cli:`',
      }),
    ),
  }),
  'session.expired.v1': Type.Object({
    ...session,
    reason: Type.Union([Type.Literal('idle'), Type.Literal('absolute')]),
    session_seconds: Type.Number({ minimum: 0 }),
  }),
  'session.regression-detected.v1': Type.Object({
    ...session,
    stored_generation: Type.Integer(),
    presented_generation: Type.Integer(),
  }),
  'session.replay-suspected.v1': Type.Object({ ...session, ...sides, streak }),
  'session.shadow-suspected.v1': Type.Object({ ...session, ...sides, streak }),
  'login.succeeded.v1': Type.Object({
    ...login,
    user_id: Uuid,
    session_id: Uuid,
    ...ClientContext.properties,
  }),
  'login.failed.v1': Type.Object({
    ...login,
    reason: Type.Union([
      Type.Literal('invalid_credentials'),
      Type.Literal('user_inactive'),
      Type.Literal('rate_limited'),
    ]),
    ...ClientContext.properties,
  }),
  'login.password-changed.v1': Type.Object({
    username_hash: Type.String(),
    user_id: Uuid,
    method: Type.String({
      description:
        'own: with the current password; reset: with a one-time token; may get new values',
    }),
    session_id: Type.Optional(
      Type.String({ format: 'uuid', description: 'the session that changed it, and stays' }),
    ),
    ...ClientContext.properties,
  }),
  'refresh.refused.v1': Type.Object({
    code: Type.Enum(REFUSAL_CODES),
    session_id: Type.Optional(
      Type.String({ format: 'uuid', description: 'if the token was authentic' }),
    ),
    ...ClientContext.properties,
  }),
  'security.pattern-detected.v1': Type.Object({
    // no enum: a new pattern must not break existing consumers
    pattern: Type.Unsafe<Pattern>(
      Type.String({ description: `${PATTERNS.join(', ')}; may get new values` }),
    ),
    session_id: Type.Optional(Uuid),
    user_id: Type.Optional(Uuid),
    username_hash: Type.Optional(Type.String()),
    network: Type.Optional(Type.String({ description: 'of the event `last_event_id`' })),
    agent: Type.Optional(Type.String({ description: 'of the event `last_event_id`' })),
    rotated: Type.Optional(Side),
    presented: Type.Optional(Side),
    count: Type.Integer({ minimum: 1, description: 'how many were counted in the window' }),
    threshold: Type.Integer({ minimum: 1, description: 'the count that is reported' }),
    window_seconds: Type.Integer({ minimum: 1 }),
    first_at: Type.String({
      format: 'date-time',
      description: 'time of the first counted event',
    }),
    last_at: Type.String({ format: 'date-time', description: 'time of the last counted event' }),
    last_event_id: Type.String({
      format: 'uuid',
      description:
        'id (`ce_id`, also in the audit trail) of the event that reached the threshold; ' +
        'for `sign_in_after_reuse` the newest sign-in',
    }),
    trace_id: Type.Optional(
      Type.String({
        description: 'of the request of the event `last_event_id`, if traced',
      }),
    ),
  }),
} as const satisfies Record<string, TSchema>

export type EventType = keyof typeof EVENTS
export type EventData<T extends EventType> = Static<(typeof EVENTS)[T]>
export type SessionEventType = Extract<EventType, `session.${string}`>
export type LoginEventType = Extract<EventType, `login.${string}`>

/**
 * CloudEvents 1.0 attributes, and the data. Events with the same `key` are ordered: the session id,
 * the hash of the user name, or the subject of a pattern.
 */
export type EventOf<T extends EventType> = {
  [K in T]: {
    id: string
    type: K
    source: string
    time: string
    subject: string
    key: string
    traceparent?: string
    data: EventData<K>
  }
}[T]
export type AnyEvent = EventOf<EventType>

/** The topic of an event type. */
export function toTopic(type: EventType): (typeof EVENT_TOPICS)[number] {
  if (type.startsWith('session.')) return SESSION_EVENTS_TOPIC
  return type.startsWith('security.') ? SECURITY_EVENTS_TOPIC : LOGIN_EVENTS_TOPIC
}
