/** The sessions of token-store, as far as it grants them to the clean-up. */
export interface ExpiredSessions {
  /** Deletes at most `limit` expired sessions with their events, in one short transaction; says how many it deleted. */
  sweep(limit: number): Promise<number>
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
  /** Deletes at most `limit` records older than that, by the database's clock; says how many it deleted. */
  deleteOlderThan(age: { days: number }, limit: number): Promise<number>
}

export interface Clock {
  /** Monotonic; only differences count. */
  nowMs(): number
  pause(durationMs: number): Promise<void>
}
