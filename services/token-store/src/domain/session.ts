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
  /** the current generation; only the token of this generation rotates */
  generation: number
  /** the key of the current token's MAC: a retry after a key change gets the same successor */
  macKid: number
  nonceHash: string
  /** when the session was issued */
  authenticatedAtMs: number
  /** how the user was authenticated elsewhere (RFC 8176), separated by spaces; null: here */
  amr: string | null
  /** when the user was authenticated elsewhere; null: when the session was issued */
  authTimeMs: number | null
  /** the absolute end, never extended */
  expiresAtMs: number
  idleUntilMs: number
  /** the row is not deleted before then */
  keepUntilMs: number
  rotatedAtMs: number
  /** generations up to this one are never replayed */
  floorGeneration: number
  /** a superseded generation, and when it was superseded: the next floor */
  markGeneration: number
  markAtMs: number
  /** hash of the Idempotency-Key of the last rotation */
  attemptHash: string | null
  /** number of the last event */
  seq: number
  accessExpiresAtMs: number
  /** points left in the rate limits of rotations and replays, at `bucketAtMs` */
  rotationPoints: number
  replayPoints: number
  bucketAtMs: number
  /** network and user agent of the last rotation */
  network: string
  agent: string
  /**
   * the network that rotated before `network`, with the same agent, and the last generation it
   * created; '' if none
   */
  formerNetwork: string
  formerGeneration: number
  /** the last generation that another network replayed, and how many, with short gaps */
  suspectGeneration: number
  suspectStreak: number
  /** the network that replayed last, and its part of the streak; '' if several */
  suspectNetwork: string
  suspectRun: number
  /** the last generation that another user agent replayed, and how many in all; it never falls */
  agentGeneration: number
  agentFollows: number
  /** the last replay event: its generation and place, and the number of events in the generation */
  notedGeneration: number
  notedPlace: string
  notedEvents: number
  /** when a token newer than the row was accepted, after a restore of the database */
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

/** The new state of a session, and the events to publish in the same transaction. */
export type Change = Readonly<{ session: Session; events: readonly SessionEvent[] }>

/** Adds the trace of the request to the events of a change. */
export function withTrace(change: Change, traceparent: string | undefined): Change {
  return traceparent === undefined
    ? change
    : { ...change, events: change.events.map((event) => ({ ...event, traceparent })) }
}

/** Whether every number is finite: a value that cannot be read must not log a user out. */
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
