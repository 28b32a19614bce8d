import { createSetTag } from './create-set-tag.ts'

/**
 * `untilMs`: on this process's monotonic clock. `storeUntilMs`: as token-store reported it.
 * `addedAtMs`: this process ended the session, and token-store has not reported it yet.
 */
export type RevocationEntry = Readonly<{
  untilMs: number
  storeUntilMs?: number | undefined
  addedAtMs?: number | undefined
}>
type ToldRevocation = Readonly<{ sessionId: string; expiresInSeconds: number }>

/**
 * Entries learned last, for back ends that ask for what is new: about the seconds of one mass
 * logout.
 */
const MOST_RECENT = 20_000
const FIRST_ROWS = 1024

/**
 * Ended sessions with a tag over them and an index of the latest. The ends stand in two columns: an
 * object for each of half a million entries would need a multiple of that memory.
 */
export function createRevocationEntries() {
  const rows = new Map<string, number>()
  const freeRows: number[] = []
  let untilMs = new Float64Array(FIRST_ROWS)
  /** NaN: token-store has not reported it yet */
  let storeUntilMs = new Float64Array(FIRST_ROWS)
  /** when this process ended a session that token-store has not reported yet */
  const addedAtMs = new Map<string, number>()
  /**
   * a ring of the entries learned last, and when: a Map would search for its oldest entry each time
   */
  const recentIds: string[] = []
  const recentMs = new Float64Array(MOST_RECENT)
  let nextRecent = 0
  /** what `recentIds` no longer holds was learned at this time or before */
  let droppedUpToMs = -Infinity
  /** no entry ends earlier */
  let firstEndMs = Infinity
  const tag = createSetTag()

  function keepRecent(sessionId: string, learnedMs: number): void {
    if (recentIds.length === MOST_RECENT) {
      droppedUpToMs = Math.max(droppedUpToMs, recentMs[nextRecent] ?? Infinity)
    }
    recentIds[nextRecent] = sessionId
    recentMs[nextRecent] = learnedMs
    nextRecent = (nextRecent + 1) % MOST_RECENT
  }

  function toEntry(sessionId: string, row: number): RevocationEntry {
    const told = storeUntilMs[row] ?? NaN
    return {
      untilMs: untilMs[row] ?? 0,
      storeUntilMs: Number.isNaN(told) ? undefined : told,
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
    /** `learnedMs`: by the clock of token-store; without it, the session ended here. */
    set(sessionId: string, entry: RevocationEntry, learnedMs?: number): void {
      const known = rows.get(sessionId)
      const row = known ?? takeRow()
      const knownMs = storeUntilMs[row] ?? NaN
      const toldMs = entry.storeUntilMs ?? NaN
      untilMs[row] = entry.untilMs
      storeUntilMs[row] = toldMs
      firstEndMs = Math.min(firstEndMs, entry.untilMs)
      if (entry.addedAtMs !== undefined) addedAtMs.set(sessionId, entry.addedAtMs)
      else if (addedAtMs.size > 0) addedAtMs.delete(sessionId)
      if (known === undefined) rows.set(sessionId, row)
      else if (Object.is(knownMs, toldMs)) return
      else tag.toggle(sessionId, knownMs)
      tag.toggle(sessionId, toldMs)
      if (learnedMs !== undefined) keepRecent(sessionId, learnedMs)
    },
    /** Whether there were any. */
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
    list: (secondsLeft: (entry: RevocationEntry) => number): ToldRevocation[] =>
      Array.from(rows, ([sessionId, row]) => ({
        sessionId,
        expiresInSeconds: secondsLeft(toEntry(sessionId, row)),
      })),
    /**
     * Learned since then, or ended here a moment ago; `undefined` where too much is new to be told
     * apart.
     */
    since(
      fromMs: number,
      secondsLeft: (entry: RevocationEntry) => number,
    ): ToldRevocation[] | undefined {
      if (fromMs <= droppedUpToMs) return undefined
      const learned = recentIds.filter((_, index) => (recentMs[index] ?? 0) >= fromMs)
      return [...new Set([...learned, ...addedAtMs.keys()])].flatMap((sessionId) => {
        const row = rows.get(sessionId)
        const expiresInSeconds = row === undefined ? 0 : secondsLeft(toEntry(sessionId, row))
        // An end of our own that token-store never confirms is kept for a day.
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
