import { hash } from 'node:crypto'

/**
 * `untilMs`: on this process's monotonic clock. `storeUntilMs`: as token-store told it.
 * `addedAtMs`: this process ended the session, and token-store has told nothing yet.
 */
export type RevocationEntry = Readonly<{
  untilMs: number
  storeUntilMs?: number
  addedAtMs?: number
}>
export type ToldRevocation = Readonly<{ sessionId: string; expiresInSeconds: number }>

/** Entries learned last, for back ends that ask for what is new: about the seconds of one mass logout. */
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
  /** NaN: token-store has told nothing yet */
  let storeUntilMs = new Float64Array(FIRST_ROWS)
  /** when this process ended a session of which token-store has told nothing yet */
  const addedAtMs = new Map<string, number>()
  /** when it was learned, in that order; Infinity: ended here a moment ago */
  const recent = new Map<string, number>()
  /** what `recent` no longer holds was learned at this time or before */
  let droppedUpToMs = -Infinity
  /** XOR over the digests: it does not depend on the order, and one more or less costs no walk over all */
  const digest = Buffer.alloc(32)

  /**
   * The end is part of the digest: an entry that is found to last longer must reach those who keep
   * the list by its tag. token-store's own figure is the same in every process.
   */
  function toggle(sessionId: string, toldMs: number | undefined): void {
    const other = hash('sha256', `${sessionId} ${toldMs ?? 'own'}`, 'binary')
    for (let index = 0; index < digest.length; index += 1) digest[index] = (digest[index] ?? 0) ^ other.charCodeAt(index)
  }

  function keepRecent(sessionId: string, learnedMs: number): void {
    recent.delete(sessionId)
    recent.set(sessionId, learnedMs)
    if (recent.size <= MOST_RECENT) return
    for (const [oldest, oldestMs] of recent) {
      recent.delete(oldest)
      if (oldestMs !== Infinity) droppedUpToMs = Math.max(droppedUpToMs, oldestMs)
      break
    }
  }

  function toEntry(sessionId: string, row: number): RevocationEntry {
    const told = storeUntilMs[row] ?? NaN
    const added = addedAtMs.get(sessionId)
    return {
      untilMs: untilMs[row] ?? 0,
      ...(Number.isNaN(told) ? {} : { storeUntilMs: told }),
      ...(added === undefined ? {} : { addedAtMs: added }),
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
    tag: () => digest.toString('base64url'),
    /** `learnedMs`: by the clock of token-store; without it, the session ended here. */
    set(sessionId: string, entry: RevocationEntry, learnedMs = Infinity): void {
      const knownRow = rows.get(sessionId)
      const known = knownRow === undefined ? undefined : toEntry(sessionId, knownRow)
      const row = knownRow ?? takeRow()
      rows.set(sessionId, row)
      untilMs[row] = entry.untilMs
      storeUntilMs[row] = entry.storeUntilMs ?? NaN
      if (entry.addedAtMs === undefined) addedAtMs.delete(sessionId)
      else addedAtMs.set(sessionId, entry.addedAtMs)
      if (known !== undefined && known.storeUntilMs === entry.storeUntilMs) return
      if (known !== undefined) toggle(sessionId, known.storeUntilMs)
      toggle(sessionId, entry.storeUntilMs)
      keepRecent(sessionId, learnedMs)
    },
    /** Whether there were any. */
    removeEnded(nowMs: number): boolean {
      const before = rows.size
      for (const [sessionId, row] of rows) {
        if ((untilMs[row] ?? 0) > nowMs) continue
        toggle(sessionId, toEntry(sessionId, row).storeUntilMs)
        rows.delete(sessionId)
        freeRows.push(row)
        recent.delete(sessionId)
        addedAtMs.delete(sessionId)
      }
      return rows.size < before
    },
    list: (secondsLeft: (entry: RevocationEntry) => number): ToldRevocation[] =>
      Array.from(rows, ([sessionId, row]) => ({ sessionId, expiresInSeconds: secondsLeft(toEntry(sessionId, row)) })),
    /** Learned since then, or ended here a moment ago; `undefined` where too much is new to be told apart. */
    since(fromMs: number, secondsLeft: (entry: RevocationEntry) => number): ToldRevocation[] | undefined {
      if (fromMs <= droppedUpToMs) return undefined
      return [...recent].flatMap(([sessionId, learnedMs]) => {
        const row = rows.get(sessionId)
        if (row === undefined || learnedMs < fromMs) return []
        return [{ sessionId, expiresInSeconds: secondsLeft(toEntry(sessionId, row)) }]
      })
    },
  }
}

function twiceAsLong(column: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(column.length * 2)
  longer.set(column)
  return longer
}
