import type {
  AnyEvent,
  RevocationsRequest,
  RevocationsResult,
  RotateResult,
} from '@auto-refresh/contracts'
import type { ServiceMark } from './domain/service-record.ts'
import type { Change, Session } from './domain/session.ts'
import type { UptimeClock } from './domain/uptime.ts'

/** The content of an authentic refresh token. */
export type DecodedToken = Readonly<{
  sessionId: string
  generation: number
  nonce: Buffer
  nonceHash: string
}>

/**
 * Encodes and decodes refresh tokens. The database holds nothing from which a token can be made; a
 * token is authentic only if its MAC is valid.
 */
export interface RefreshTokens {
  /** The kid of new tokens. */
  readonly currentKid: number
  hasKey(kid: number): boolean
  decode(
    token: string,
  ): { outcome: 'authentic'; decoded: DecodedToken } | { outcome: 'invalid' | 'unknown_kid' }
  /**
   * Deterministic: the same arguments give the same token, so a retry gets the same successor.
   * Throws if there is no key of that kid.
   */
  mint(content: { sessionId: string; generation: number; nonce: Buffer; kid: number }): string
  /** A new session id (uuidv7 of the given time), 128 random bits and their hash. */
  newSession(nowMs: number): { sessionId: string; nonce: Buffer; nonceHash: string }
  /** SHA-256 in hex. */
  hash(text: string): string
}

/** Sessions by id, and the clock by which decisions about them are made. */
export type SessionsRead = Readonly<{
  sessions: ReadonlyMap<string, Session>
  clock: UptimeClock
}>

/** Stored sessions. Errors are thrown as the driver threw them; use cases map them to `unavailable`. */
export interface Sessions {
  /**
   * One transaction: locks the rows in id order, calls `decide` with them and a clock read after
   * the locks, and commits the changes together with their events. Resolves only after the commit
   * was confirmed.
   */
  change<T>(
    ids: readonly string[],
    decide: (locked: SessionsRead) => { result: T; changes: readonly Change[] },
  ): Promise<T>
  /**
   * The same for all active sessions of the user below `version`. Raises the user's version first,
   * under its lock.
   */
  changeBelowVersion<T>(
    user: { userId: string; version: number },
    decide: (locked: SessionsRead) => { result: T; changes: readonly Change[] },
  ): Promise<T>
  /**
   * Inserts a session while no revocation of the user can commit. `decide` gets the locked sessions
   * that must end so that the user stays within `sessionLimit`. Resolves to `undefined` if the user
   * has been revoked past `userVersion`.
   */
  insert<T>(
    user: { userId: string; userVersion: number; sessionLimit: number },
    decide: (
      excess: readonly Session[],
      nowMs: number,
    ) => { result: T; issued: Change; ended: readonly Change[] },
  ): Promise<T | undefined>
  /** Reads without a lock. */
  read(ids: readonly string[]): Promise<SessionsRead>
  activeOf(userId: string): Promise<Session[]>
  /**
   * Revocations since the given time, or all with an access token that may still be valid; by pages
   * if `page` is given.
   */
  revocations(request: RevocationsRequest): Promise<RevocationsResult>
}

export interface Heartbeats {
  /**
   * Writes that the service is up. Resolves to the length of the downtime that this heartbeat
   * ended, or 0, and the time by the database's clock.
   */
  beat(mark: ServiceMark | undefined): Promise<{ downSeconds: number; atMs: number }>
}

export type OutboxRow = Readonly<{ lane: number; id: number; event: AnyEvent }>

export interface Outbox {
  /**
   * Acquires, renews or releases lanes so that `owner` has its fair share among the live relays.
   * Resolves to the lanes that it now holds for `leaseMs`.
   */
  lease(owner: string, leaseMs: number): Promise<number[]>
  release(owner: string): Promise<void>
  /** Deletes the published events, then resolves to at most `limit` others of the lanes, in order. */
  readNext(next: {
    lanes: readonly number[]
    limit: number
    published: readonly OutboxRow[]
  }): Promise<OutboxRow[]>
  remove(rows: readonly OutboxRow[]): Promise<void>
  /**
   * Resolves to the number of pending events (counted up to 100,000), the age of the oldest one,
   * and an estimate of the number of sessions.
   */
  measure(): Promise<{ events: number; oldestSeconds: number; sessions: number }>
}

/** Whether the database reported that it rolled back: only then is a retry safe. */
export type IsRolledBack = (error: unknown) => boolean

/** Metrics and log lines of the use cases. */
export interface Metrics {
  batch(size: number): void
  rotation(result: RotateResult): void
  requestFailed(error: unknown): void
  downtime(seconds: number): void
  published(events: readonly AnyEvent[]): void
  relayFailed(error: unknown): void
  lanesOwned(lanes: number): void
  measured(sizes: { events: number; oldestSeconds: number; sessions: number }): void
  heartbeatFailed(error: unknown): void
}
