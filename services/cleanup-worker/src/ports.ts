import type {
  AnyEvent,
  DetectionsRequest,
  EventType,
  TimelineRequest,
} from '@auto-refresh/contracts'

/** Why nothing was deleted; token-store's migration `sweep-guard` explains the reasons. */
export const SWEEP_REFUSALS = ['clock', 'heartbeat', 'downtime', 'share'] as const
export type SweepRefusal = (typeof SWEEP_REFUSALS)[number]

/** The expired sessions of token-store. */
export interface ExpiredSessions {
  /**
   * Deletes at most `limit` expired sessions and writes their events, in one short transaction. It
   * deletes nothing and returns a reason while the database's clock may be wrong or too many
   * sessions would be deleted at once.
   */
  sweep(limit: number): Promise<{ deleted: number; refused: SweepRefusal | undefined }>
  /** Resolves to the number of expired sessions, counted up to 100,000. */
  count(): Promise<number>
}

/** An event in the columns that every kind of event has. */
export type AuditRecord = Readonly<{
  eventId: string
  topic: string
  type: EventType
  key: string
  sessionId: string | null
  sessionSeq: number | null
  userId: string | null
  occurredAt: string
  data: object
}>

/** The parts of the trail that are partitioned by time, each with a retention of its own. */
export const AUDIT_PARTS = ['rotations', 'records'] as const
export type AuditPart = (typeof AUDIT_PARTS)[number]

export interface AuditTrail {
  /** Stores the events that it does not have yet, and resolves to their number by type. */
  keep(events: readonly AnyEvent[]): Promise<ReadonlyMap<EventType, number>>
  /** Adds the next partition of `days` days if it is needed soon, and resolves to whether it did. */
  addPartition(part: AuditPart, days: number): Promise<boolean>
  /**
   * Drops the oldest partition if all of it is older, by the database's clock, and resolves to
   * whether it did. Drops none while that clock may be wrong.
   */
  dropPartition(part: AuditPart, age: { days: number }): Promise<boolean>
  /** Deletes at most `limit` clients that no rotation refers to, and resolves to their number. */
  deleteClients(limit: number): Promise<number>
  /**
   * Deletes at most `limit` older events that are in no partition, by the database's clock, and
   * resolves to their number. Deletes none while that clock may be wrong.
   */
  deleteOlderThan(age: { days: number }, limit: number): Promise<number>
}

/** Metrics and log lines of the use cases. */
export interface Metrics {
  sessionsDeleted(sessions: number): void
  /** `refused` is why the sweep ended early, `backlog` the number of expired sessions left. */
  sweepEnded(refused: SweepRefusal | undefined, backlog: number): void
  eventsProcessed(type: EventType, result: 'handled' | 'duplicate' | 'failed', count: number): void
}

/** Rotations of a session in a row, from one network and user agent. Times have microseconds. */
export type RotationRun = Readonly<{
  sessionId: string
  userId: string
  network: string
  agent: string
  count: number
  firstAt: string
  lastAt: string
  firstSeq: number
  lastSeq: number
  firstGeneration: number
  lastGeneration: number
}>

type TypeAndData<Event> = Event extends AnyEvent ? Pick<Event, 'type' | 'data'> : never
/** An event as the trail has it. */
export type StoredEvent = Readonly<{
  eventId: string
  /** with microseconds */
  at: string
  event: TypeAndData<AnyEvent>
}>

/** What a part of the trail has in a window. `end`: where a bounded read stopped before `to`. */
export type Part<Item> = Readonly<{ items: readonly Item[]; end: string | undefined }>

/** Reads of the audit trail, each of bounded cost. */
export interface AuditHistory {
  rotations(request: TimelineRequest): Promise<Part<RotationRun>>
  /** All other events, except sign-ins, which auth-api has, and refused refresh tokens. */
  events(request: TimelineRequest): Promise<Part<StoredEvent>>
  /** Finds the user of a session. */
  userOf(sessionId: string): Promise<string | undefined>
  /** The newest detections that match, at most `limit`, newest first. */
  detections(request: DetectionsRequest, limit: number): Promise<readonly StoredEvent[]>
}
