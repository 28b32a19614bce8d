import type {
  AnyEvent,
  RevocationsRequest,
  RevocationsResult,
  RotateResult,
} from '@auto-refresh/contracts'
import type { ServiceMark } from './domain/service-record.ts'
import type { Change, Session } from './domain/session.ts'
import type { Clock } from './domain/uptime.ts'

export type ReadToken = Readonly<{
  sessionId: string
  generation: number
  nonce: Buffer
  nonceHash: string
}>

/**
 * Refresh tokens as text. Nothing is stored from which one can be made; nothing but a right MAC is
 * believed.
 */
export interface RefreshTokens {
  /** The kid that new generations are made with. */
  readonly currentKid: number
  hasKey(kid: number): boolean
  read(
    token: string,
  ): { outcome: 'authentic'; token: ReadToken } | { outcome: 'invalid' | 'unknown_kid' }
  /**
   * A function of its arguments: the same ones give the same token, so a retry gets the same
   * successor.
   */
  mint(token: { sessionId: string; generation: number; nonce: Buffer; kid: number }): string
  /** A new session's id (uuidv7 of the given time) and its 128 random bits. */
  newSession(nowMs: number): { sessionId: string; nonce: Buffer; nonceHash: string }
  hash(text: string): string
}

export type Read = Readonly<{ sessions: ReadonlyMap<string, Session>; clock: Clock }>

/**
 * What is stored. Trouble is thrown as the driver threw it; the http adapter and the use cases'
 * edge make it `unavailable`.
 */
export interface Sessions {
  /**
   * One transaction: locks the rows in id order, lets `decide` decide on what it locked, by a clock
   * that was read after the locks, and commits the changes together with their events. Resolves
   * only after the commit was confirmed.
   */
  change<T>(
    ids: readonly string[],
    decide: (locked: Read) => { result: T; changes: readonly Change[] },
  ): Promise<T>
  /**
   * The same for all active sessions of the user below `version`; the user's version row is raised
   * first, under its lock.
   */
  changeBelowVersion<T>(
    user: { userId: string; version: number },
    decide: (locked: Read) => { result: T; changes: readonly Change[] },
  ): Promise<T>
  /**
   * Inserts what `decide` makes while no revocation of the user can pass by; `undefined` when the
   * user has been revoked past `userVersion`. `decide` is given the sessions, locked, that must end
   * so that the user stays within the limit.
   */
  insert<T>(
    user: { userId: string; userVersion: number; sessionLimit: number },
    decide: (
      excess: readonly Session[],
      nowMs: number,
    ) => { result: T; issued: Change; ended: readonly Change[] },
  ): Promise<T | undefined>
  read(ids: readonly string[]): Promise<Read>
  activeOf(userId: string): Promise<Session[]>
  /**
   * Revocations since the given time, or all whose access tokens may still live; by pages if asked.
   */
  revocations(request: RevocationsRequest): Promise<RevocationsResult>
}

export interface Heartbeats {
  /**
   * Says that we are up. Resolves to the seconds of a downtime that it ended, else 0, and the
   * database's clock.
   */
  beat(mark: ServiceMark | undefined): Promise<{ downSeconds: number; atMs: number }>
}

export type OutboxRow = Readonly<{ lane: number; id: number; event: AnyEvent }>

export interface Outbox {
  /**
   * Takes, renews or lets go lanes up to a fair share among the relays alive; answers the lanes
   * held from now on for `leaseMs`.
   */
  lease(owner: string, leaseMs: number): Promise<number[]>
  release(owner: string): Promise<void>
  read(lanes: readonly number[], most: number): Promise<OutboxRow[]>
  remove(rows: readonly OutboxRow[]): Promise<void>
  /**
   * How many events wait (at most 100,000 counted), since how many seconds the oldest does, and
   * about how many sessions there are.
   */
  measure(): Promise<{ events: number; oldestSeconds: number; sessions: number }>
}

/** Whether the database said that it rolled back: only then may the same work be done again. */
export type IsRolledBack = (error: unknown) => boolean

/** What the use cases tell the people who watch. */
export interface Report {
  batch(size: number): void
  rotation(result: RotateResult): void
  trouble(error: unknown): void
  downtime(seconds: number): void
  published(events: readonly AnyEvent[]): void
  relayFailed(error: unknown): void
  lanesOwned(lanes: number): void
  measured(sizes: { events: number; oldestSeconds: number; sessions: number }): void
  heartFailed(error: unknown): void
}
