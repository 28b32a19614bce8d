import type { TimelineEntry, TimelineWindow } from '@auto-refresh/contracts'

export type { AuditTrailReader } from '@auto-refresh/contracts'

/** Whose own records: of a user, or of a session and what was done to its user. */
export type RecordsOf = Readonly<{ userId: string | undefined; sessionId?: string }>

/** What auth-api itself knows for a timeline: sign-ins, and acts of administrators. */
export interface OwnRecords {
  /** Reads one bounded part. `end`: where it stopped before the end of the window. */
  read(of: RecordsOf, window: TimelineWindow): Promise<{ entries: OwnEntry[]; end?: string }>
}

/** `moment`: the time with microseconds, which orders entries of one millisecond. */
export type OwnEntry = Readonly<{ moment: string; entry: TimelineEntry }>
