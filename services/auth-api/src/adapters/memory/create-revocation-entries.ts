import { createRevocationTag } from './create-revocation-tag.ts'

/**
 * `untilMs`: on the monotonic clock of this process. `storeUntilMs`: as token-store reported it.
 * `addedAtMs`: when this process revoked a session that token-store has not reported yet.
 */
export type RevocationEntry = Readonly<{
  untilMs: number
  storeUntilMs?: number | undefined
  addedAtMs?: number | undefined
}>
type ListedRevocation = Readonly<{ sessionId: string; expiresInSeconds: number }>

/**
 * How many of the latest entries back ends can read as an increment: some seconds of a mass logout.
 */
const MOST_RECENT = 20_000
const FIRST_ROWS = 1024

/**
 * Stores revoked sessions, with a tag over all of them and an index of the latest. The times are
 * two typed arrays: one object for each of half a million entries would need several times the
 * memory.
 */
export function createRevocationEntries() {
  const rows = new Map<string, number>()
  const freeRows: number[] = []
  let untilMs = new Float64Array(FIRST_ROWS)
  /** NaN until token-store reports it */
  let storeUntilMs = new Float64Array(FIRST_ROWS)
  /** when this process revoked a session that token-store has not reported yet */
  const addedAtMs = new Map<string, number>()
  /** a ring of the latest entries and their times: finding the oldest in a Map takes longer */
  const recentIds: string[] = []
  const recentMs = new Float64Array(MOST_RECENT)
  let nextRecent = 0
  /** entries that `recentIds` has dropped were learned at this time or earlier */
  let droppedUpToMs = -Infinity
  /** the earliest end of all entries, or earlier */
  let firstEndMs = Infinity
  const tag = createRevocationTag()

  function keepRecent(sessionId: string, learnedMs: number): void {
    if (recentIds.length === MOST_RECENT) {
      droppedUpToMs = Math.max(droppedUpToMs, recentMs[nextRecent] ?? Infinity)
    }
    recentIds[nextRecent] = sessionId
    recentMs[nextRecent] = learnedMs
    nextRecent = (nextRecent + 1) % MOST_RECENT
  }

  function toEntry(sessionId: string, row: number): RevocationEntry {
    const reportedMs = storeUntilMs[row] ?? NaN
    return {
      untilMs: untilMs[row] ?? 0,
      storeUntilMs: Number.isNaN(reportedMs) ? undefined : reportedMs,
      addedAtMs: addedAtMs.size === 0 ? undefined : addedAtMs.get(sessionId),
    }
  }

  function takeRow(): number {
    const row = freeRows.pop() ?? rows.size
    if (row >= untilMs.length) {
      untilMs = twiceAsLong(untilMs)
      storeUntilMs = twiceAsLong(storeUntilMs)
    }
    return row
  }

  return {
    has: (sessionId: string) => rows.has(sessionId),
    get(sessionId: string): RevocationEntry | undefined {
      const row = rows.get(sessionId)
      return row === undefined ? undefined : toEntry(sessionId, row)
    },
    size: () => rows.size,
    tag: tag.read,
    /** `learnedMs`: on token-store's clock; `undefined` when this process revoked the session. */
    set(sessionId: string, entry: RevocationEntry, learnedMs?: number): void {
      const known = rows.get(sessionId)
      const row = known ?? takeRow()
      const knownMs = storeUntilMs[row] ?? NaN
      const reportedMs = entry.storeUntilMs ?? NaN
      untilMs[row] = entry.untilMs
      storeUntilMs[row] = reportedMs
      firstEndMs = Math.min(firstEndMs, entry.untilMs)
      if (entry.addedAtMs !== undefined) addedAtMs.set(sessionId, entry.addedAtMs)
      else if (addedAtMs.size > 0) addedAtMs.delete(sessionId)
      if (known === undefined) rows.set(sessionId, row)
      else if (Object.is(knownMs, reportedMs)) return
      else tag.toggle(sessionId, knownMs)
      tag.toggle(sessionId, reportedMs)
      if (learnedMs !== undefined) keepRecent(sessionId, learnedMs)
    },
    /** Removes expired entries. Returns whether there were any. */
    removeEnded(nowMs: number): boolean {
      if (firstEndMs > nowMs) return false
      const before = rows.size
      firstEndMs = Infinity
      for (const [sessionId, row] of rows) {
        const endMs = untilMs[row] ?? 0
        if (endMs > nowMs) {
          firstEndMs = Math.min(firstEndMs, endMs)
          continue
        }
        tag.toggle(sessionId, storeUntilMs[row] ?? NaN)
        rows.delete(sessionId)
        freeRows.push(row)
        addedAtMs.delete(sessionId)
      }
      return rows.size < before
    },
    list: (secondsLeft: (entry: RevocationEntry) => number): ListedRevocation[] =>
      Array.from(rows, ([sessionId, row]) => ({
        sessionId,
        expiresInSeconds: secondsLeft(toEntry(sessionId, row)),
      })),
    /**
     * Returns the entries learned since `fromMs` (token-store's clock), and those revoked by this
     * process but not reported yet. `undefined` when the index no longer reaches back so far.
     */
    since(
      fromMs: number,
      secondsLeft: (entry: RevocationEntry) => number,
    ): ListedRevocation[] | undefined {
      if (fromMs <= droppedUpToMs) return undefined
      const learned = recentIds.filter((_, index) => (recentMs[index] ?? 0) >= fromMs)
      return [...new Set([...learned, ...addedAtMs.keys()])].flatMap((sessionId) => {
        const row = rows.get(sessionId)
        const expiresInSeconds = row === undefined ? 0 : secondsLeft(toEntry(sessionId, row))
        // An entry of this process that token-store never confirms is kept for a day.
        return expiresInSeconds > 0 ? [{ sessionId, expiresInSeconds }] : []
      })
    },
  }
}

function twiceAsLong(column: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(column.length * 2)
  longer.set(column)
  return longer
}
