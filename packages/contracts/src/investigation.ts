import { Type, type Static } from 'typebox'
import { PATTERNS, SEVERITIES } from './events.ts'

const Uuid = Type.String({ format: 'uuid' })
const uuid = (description: string) => Type.Optional(Type.String({ format: 'uuid', description }))
const text = (description?: string) =>
  Type.Optional(Type.String(description === undefined ? {} : { description }))
const count = (description: string) => Type.Optional(Type.Integer({ description }))
const TIME = { format: 'date-time', examples: ['2026-11-23T12:00:00.000Z'] }

/** One of the two clients that hold tokens of a session. */
const side = (description: string) =>
  Type.Optional(
    Type.Object(
      {
        network: Type.String({ description: 'the /24 or /48' }),
        agent: Type.String(),
        at: Type.String(TIME),
        generation: Type.Integer(),
      },
      { description },
    ),
  )
const SIDES = {
  rotated: side('the side that made the last rotation'),
  presented: side('the side that presented the superseded token'),
}

export const TIMELINE_TYPES = [
  'sign_in',
  'issued',
  'refreshed',
  'replayed',
  'reused',
  'regressed',
  'revoked',
  'expired',
  'password_changed',
  'suspicious',
  'act',
] as const
export type TimelineType = (typeof TIMELINE_TYPES)[number]

/** What happened to a user or a session. The fields depend on the type. */
export const TimelineEntry = Type.Object({
  type: Type.Enum(TIMELINE_TYPES),
  at: Type.String({ ...TIME, description: 'of `refreshed`: the first refresh' }),
  event_id: uuid('of the event in the audit trail'),
  user_id: Type.Optional(Uuid),
  session_id: Type.Optional(Uuid),
  network: text('the /24 or /48'),
  agent: text(),
  address: text('of a sign-in: the whole address'),
  outcome: text('of a sign-in: `succeeded`, or why it was refused'),
  method: text(
    'of a sign-in: how the user was authenticated; of `password_changed`: `own` or `reset`',
  ),
  reason: text('why the session ended'),
  generation: count('the generation after the event; of `refreshed`: after the first refresh'),
  count: count(
    'of `refreshed`: consecutive refreshes from one place; of `suspicious`: what was counted',
  ),
  last_at: Type.Optional(Type.String({ ...TIME, description: 'of `refreshed`: the last refresh' })),
  last_generation: count('of `refreshed`: the generation after the last refresh'),
  ...SIDES,
  streak: count('of `replayed`: generations that the other client has replayed; 0: excused'),
  pattern: text('of `suspicious`: the suspicious pattern'),
  severity: Type.Optional(Type.Enum(SEVERITIES)),
  actor: text(
    'who did it, or vouched for the sign-in: `key:NAME`, `user:ID`, `cli:NAME` or `system:ISSUER`',
  ),
  act: text('of `act`: what the administrator did'),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
export type TimelineEntry = Static<typeof TimelineEntry>

const cursor = Type.Optional(
  Type.String({ maxLength: 200, description: '`next` of the page before' }),
)
const since = Type.Optional(
  Type.String({
    format: 'date-time',
    maxLength: 40,
    description: 'leaves out what happened before',
    examples: ['2026-11-23T12:00:00Z'],
  }),
)
const next = Type.Optional(
  Type.String({ description: 'of the next page; absent on the last page' }),
)
const strict = { additionalProperties: false }

export const TimelineQuery = Type.Object(
  {
    order: Type.Optional(
      Type.Enum(['oldest', 'newest'] as const, {
        default: 'oldest',
        description: 'what comes first',
      }),
    ),
    since,
    cursor,
  },
  strict,
)
export type TimelineQuery = Static<typeof TimelineQuery>
export const TimelineData = Type.Object({ entries: Type.Array(TimelineEntry), next })
export type TimelineData = Static<typeof TimelineData>

/** A suspicious pattern or a reuse. */
export const Detection = Type.Object({
  id: Type.String({ format: 'uuid', description: '`webhook-id` of a pattern' }),
  at: Type.String(TIME),
  type: Type.String({ description: `${PATTERNS.join(', ')}; may get new values` }),
  severity: Type.Enum(SEVERITIES, {
    description: 'high: act now, medium: today, low: this week',
  }),
  user_id: Type.Optional(Uuid),
  session_id: Type.Optional(Uuid),
  username_hash: text(),
  network: text('of the event `last_event_id`'),
  agent: text('of the event `last_event_id`'),
  ...SIDES,
  count: Type.Integer({ description: 'how many were counted' }),
  first_at: Type.String(TIME),
  last_at: Type.String(TIME),
  last_event_id: Uuid,
})
export type Detection = Static<typeof Detection>

export const DetectionsQuery = Type.Object(
  {
    type: Type.Optional(Type.Enum(PATTERNS)),
    since,
    user_id: Type.Optional(Uuid),
    session_id: Type.Optional(Uuid),
    cursor,
  },
  strict,
)
export type DetectionsQuery = Static<typeof DetectionsQuery>
export const DetectionsData = Type.Object({ detections: Type.Array(Detection), next })
export type DetectionsData = Static<typeof DetectionsData>
