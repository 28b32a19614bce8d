import type { EventData, RevokeReason, SessionEventType } from '@auto-refresh/contracts'

/**
 * One row per session, however often it is refreshed. Times are Unix milliseconds of the database's
 * clock.
 */
export type Session = Readonly<{
  id: string
  userId: string
  userVersion: number
  clientId: string
  /** the current generation; the token that carries it is the only one that rotates */
  generation: number
  /**
   * the key that made the current generation's MAC: a key change between a rotation and its retry
   * makes no second successor
   */
  macKid: number
  nonceHash: string
  authenticatedAtMs: number
  /** the absolute end, never extended */
  expiresAtMs: number
  idleUntilMs: number
  /** the row is kept at least until then */
  keepUntilMs: number
  rotatedAtMs: number
  /** generations up to here are never replayed again */
  floorGeneration: number
  /** a superseded generation, and when it was superseded: the next floor */
  markGeneration: number
  markAtMs: number
  /** hash of the Idempotency-Key of the last rotation */
  attemptHash: string | null
  /** number of the last event */
  seq: number
  accessExpiresAtMs: number
  rotationTokens: number
  replayTokens: number
  bucketAtMs: number
  /** where the last rotation came from */
  network: string
  agent: string
  /**
   * the network that rotated before `network` did, with the same agent, and the generation it made
   * last; '' is none
   */
  formerNetwork: string
  formerGeneration: number
  /**
   * the last generation that another network followed, and how many were, without a rotation from
   * there
   */
  suspectGeneration: number
  suspectStreak: number
  /** the network that followed last, and its part of the streak; '' is several */
  suspectNetwork: string
  suspectRun: number
  /** the last generation that another user agent followed, and how many were; it never falls */
  agentGeneration: number
  agentFollows: number
  /**
   * the replay that was an event last: generation and place, and how many were in that generation
   */
  notedGeneration: number
  notedPlace: string
  notedEvents: number
  /** when a token was newer than the row, after the database went back in time */
  regressedAtMs: number | null
  revokedAtMs: number | null
  revokeReason: RevokeReason | null
}>

export type SessionEvent = {
  [K in SessionEventType]: Readonly<{
    type: K
    sessionId: string
    occurredAtMs: number
    data: EventData<K>
    traceparent?: string
  }>
}[SessionEventType]

/** What a decision changes: the session as it will be, and what is told about it. */
export type Change = Readonly<{ session: Session; events: readonly SessionEvent[] }>

/** The same change, told in the trace of whoever asked for it. */
export function inTrace(change: Change, traceparent: string | undefined): Change {
  return traceparent === undefined
    ? change
    : { ...change, events: change.events.map((event) => ({ ...event, traceparent })) }
}

/** Whether every number is one: what cannot be read must not become a verdict against a user. */
export function isReadable(session: Session): boolean {
  return Object.values(session).every(
    (value) => typeof value !== 'number' || Number.isFinite(value),
  )
}

export function isExpired(session: Session, nowMs: number): boolean {
  return nowMs >= session.idleUntilMs || nowMs >= session.expiresAtMs
}

export function toEvent<K extends SessionEventType>(
  type: K,
  session: Session,
  occurredAtMs: number,
  rest: Omit<EventData<K>, 'session_id' | 'session_seq' | 'user_id' | 'client_id' | 'generation'>,
): SessionEvent {
  const data = {
    session_id: session.id,
    session_seq: session.seq,
    user_id: session.userId,
    client_id: session.clientId,
    generation: session.generation,
    ...rest,
  }
  return { type, sessionId: session.id, occurredAtMs, data } as unknown as SessionEvent
}

export function toIso(ms: number): string {
  return new Date(ms).toISOString()
}

export function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / 1000
}
