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

/**
 * Where and with what a request was made: the /24 or /48 and the user agent, never the whole
 * address.
 */
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
    description:
      'one more than the last event of this session; it alone decides order and duplicates',
  }),
  user_id: Uuid,
  client_id: Type.String(),
  generation: Type.Integer({
    minimum: 0,
    description: 'the generation the session stands at after the event',
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
  description:
    'generations that were followed without a rotation from there; 0: excused, and of no weight',
})

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

/** Why a refresh token was refused, as the error code that its bearer met. */
export const REFUSAL_CODES = [
  'refresh_token_invalid',
  'refresh_token_expired',
  'refresh_token_revoked',
  'refresh_token_reused',
  'session_mismatch',
  'user_inactive',
] as const satisfies readonly ErrorCode[]
export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** What threat-monitor looks for; docs/security-operations.md tells what to do about each. */
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

/** Every event type with the schema of its data. A breaking change is a new type. */
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
    interval_seconds: Type.Number({ minimum: 0, description: 'since the rotation before' }),
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
    username_hash: Type.String(),
    user_id: Uuid,
    session_id: Uuid,
    ...ClientContext.properties,
  }),
  'login.failed.v1': Type.Object({
    username_hash: Type.String(),
    reason: Type.Union([
      Type.Literal('invalid_credentials'),
      Type.Literal('user_inactive'),
      Type.Literal('rate_limited'),
    ]),
    ...ClientContext.properties,
  }),
  'refresh.refused.v1': Type.Object({
    code: Type.Enum(REFUSAL_CODES),
    session_id: Type.Optional(
      Type.String({ format: 'uuid', description: 'where the token was authentic' }),
    ),
    ...ClientContext.properties,
  }),
  'security.pattern-detected.v1': Type.Object({
    // no enum: a new one must not break who was written before it
    pattern: Type.Unsafe<Pattern>(
      Type.String({ description: `${PATTERNS.join(', ')}; more may come` }),
    ),
    session_id: Type.Optional(Uuid),
    user_id: Type.Optional(Uuid),
    username_hash: Type.Optional(Type.String()),
    network: Type.Optional(Type.String({ description: 'of the event `last_event_id`' })),
    agent: Type.Optional(Type.String({ description: 'of the event `last_event_id`' })),
    count: Type.Integer({ minimum: 1, description: 'what was counted in the window' }),
    threshold: Type.Integer({ minimum: 1, description: 'the count that is told' }),
    window_seconds: Type.Integer({ minimum: 1 }),
    first_at: Type.String({
      format: 'date-time',
      description: 'of the first event that was counted',
    }),
    last_at: Type.String({ format: 'date-time', description: 'of the newest one' }),
    last_event_id: Type.String({
      format: 'uuid',
      description:
        'the event that reached the threshold; of `sign_in_after_reuse` the newest sign-in. The audit trail has it under this id',
    }),
    trace_id: Type.Optional(
      Type.String({
        description: 'of the request behind the event `last_event_id`, where it was traced',
      }),
    ),
  }),
} as const satisfies Record<string, TSchema>

export type EventType = keyof typeof EVENTS
export type EventData<T extends EventType> = Static<(typeof EVENTS)[T]>
export type SessionEventType = Extract<EventType, `session.${string}`>
export type LoginEventType = Extract<EventType, `login.${string}`>

/**
 * CloudEvents 1.0 attributes, and the data. `key` decides order: the session id, the hash of the
 * user name, or what a pattern was found on.
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

/** The topic on which events of a type travel. */
export function toTopic(type: EventType): (typeof EVENT_TOPICS)[number] {
  if (type.startsWith('session.')) return SESSION_EVENTS_TOPIC
  return type.startsWith('security.') ? SECURITY_EVENTS_TOPIC : LOGIN_EVENTS_TOPIC
}
