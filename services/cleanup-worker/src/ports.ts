/** Why nothing was deleted; the reasons are explained in token-store's migration `sweep-guard`. */
export const SWEEP_REFUSALS = ['clock', 'heartbeat', 'downtime', 'share'] as const
export type SweepRefusal = (typeof SWEEP_REFUSALS)[number]

/** The sessions of token-store, as far as it grants them to the clean-up. */
export interface ExpiredSessions {
  /**
   * Deletes at most `limit` expired sessions with their events, in one short transaction. Refuses
   * with a reason, and deletes nothing, while the database's clock may be wrong or too many
   * sessions would go at once.
   */
  sweep(limit: number): Promise<{ deleted: number; refused: SweepRefusal | undefined }>
  /** Counts those still there, up to a bound. */
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
  /** Keeps what it does not have yet, and gives back the ids of those. */
  keep(records: readonly AuditRecord[]): Promise<string[]>
  /**
   * Deletes at most `limit` records older than that, by the database's clock; returns how many it
   * deleted. None while that clock may be wrong.
   */
  deleteOlderThan(age: { days: number }, limit: number): Promise<number>
}
