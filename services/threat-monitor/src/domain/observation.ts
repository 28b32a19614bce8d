import type { EventData, Pattern } from '@auto-refresh/contracts'

/** What names the people and places in a detection. */
export type About = Pick<
  EventData<'security.pattern-detected.v1'>,
  'session_id' | 'user_id' | 'username_hash' | 'network' | 'agent'
>

/** Something to be counted. */
export type Observation = Readonly<{
  pattern: Pattern
  /** on which the pattern is found: a session, a user, a network */
  subject: string
  /** what is counted: the same one counts once, however often it is told */
  member: string
  about: About
  atMs: number
  eventId: string
  traceparent: string | undefined
}>

/** So many in so many seconds. */
export type Threshold = Readonly<{ points: number; seconds: number }>
export type Thresholds = Readonly<Record<Pattern, Threshold | 'off'>>
/** One whose pattern is watched. */
export type Watched = Observation & Readonly<{ threshold: Threshold }>

/**
 * A topic that is read again from its beginning is history; an attack during an outage of an hour
 * is still told.
 */
export const MAX_AGE_MS = 3_600_000
