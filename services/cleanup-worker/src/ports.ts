import type { AnyEvent } from '@auto-refresh/contracts'

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

export type AuditRecord = Readonly<{
  eventId: string
  topic: string
  type: string
  key: string
  sessionId: string | null
  sessionSeq: number | null
  userId: string | null
  occurredAt: string
  data: object
}>

export interface AuditTrail {
  /** Stores the records that it does not have yet, and resolves to their ids. */
  keep(records: readonly AuditRecord[]): Promise<string[]>
  /**
   * Deletes at most `limit` older records, by the database's clock, and resolves to their number.
   * Deletes none while that clock may be wrong.
   */
  deleteOlderThan(age: { days: number }, limit: number): Promise<number>
}

/** Metrics and log lines of the use cases. */
export interface Metrics {
  sessionsDeleted(sessions: number): void
  /** `refused` is why the sweep ended early, `backlog` the number of expired sessions left. */
  sweepEnded(refused: SweepRefusal | undefined, backlog: number): void
  eventProcessed(event: AnyEvent, result: 'handled' | 'duplicate' | 'failed'): void
}
