import type { EventData, Pattern } from '@auto-refresh/contracts'

/** The session, user, network and agent of a detection, and both sides if two clients have tokens. */
export type About = Pick<
  EventData<'security.pattern-detected.v1'>,
  'session_id' | 'user_id' | 'username_hash' | 'network' | 'agent' | 'rotated' | 'presented'
>

/** Something that counts towards a pattern. */
export type Observation = Readonly<{
  pattern: Pattern
  /** whose pattern it is: a session, a user or a network */
  subject: string
  /** what is counted: each member counts once, however often it is delivered */
  member: string
  about: About
  atMs: number
  eventId: string
  traceparent: string | undefined
}>

/** `points` members within `seconds`. */
export type Threshold = Readonly<{ points: number; seconds: number }>
export type Thresholds = Readonly<Record<Pattern, Threshold | 'off'>>
/** An observation whose pattern is not turned off. */
export type Watched = Observation & Readonly<{ threshold: Threshold }>

/**
 * Older events are ignored, so a topic that is read again raises no alarm. An attack during an
 * outage of an hour is still published.
 */
export const MAX_AGE_MS = 3_600_000
