import { hash } from 'node:crypto'

/**
 * `untilMs`: on this process's monotonic clock. `storeUntilMs`: as token-store told it. `learnedMs`:
 * when, by the clock of token-store. `addedAtMs`: this process ended the session, and token-store has told nothing yet.
 */
export type RevocationEntry = Readonly<{
  untilMs: number
  storeUntilMs?: number
  learnedMs?: number
  addedAtMs?: number
}>
export type ToldRevocation = Readonly<{ sessionId: string; expiresInSeconds: number }>

/** Entries learned last, for back ends that ask for what is new: about the seconds of one mass logout. */
const MOST_RECENT = 20_000

/** Ended sessions with a tag over them and an index of the latest. */
export function createRevocationEntries() {
  const entries = new Map<string, RevocationEntry>()
  /** in the order of learning */
  const recent = new Set<string>()
  /** what `recent` no longer holds was learned at this time or before */
  let droppedUpToMs = -Infinity
  /** XOR over the digests: it does not depend on the order, and one more or less costs no walk over all */
  const digest = Buffer.alloc(32)

  /**
   * The end is part of the digest: an entry that is found to last longer must reach those who keep
   * the list by its tag. token-store's own figure is the same in every process.
   */
  function toggle(sessionId: string, { storeUntilMs }: RevocationEntry): void {
    const other = hash('sha256', `${sessionId} ${storeUntilMs ?? 'own'}`, 'buffer')
    for (let index = 0; index < digest.length; index += 1) digest[index] = (digest[index] ?? 0) ^ (other[index] ?? 0)
  }

  function keepRecent(sessionId: string): void {
    recent.delete(sessionId)
    recent.add(sessionId)
    if (recent.size <= MOST_RECENT) return
    for (const oldest of recent) {
      recent.delete(oldest)
      droppedUpToMs = Math.max(droppedUpToMs, entries.get(oldest)?.learnedMs ?? -Infinity)
      break
    }
  }

  return {
    has: (sessionId: string) => entries.has(sessionId),
    get: (sessionId: string) => entries.get(sessionId),
    size: () => entries.size,
    tag: () => digest.toString('base64url'),
    set(sessionId: string, entry: RevocationEntry): void {
      const known = entries.get(sessionId)
      entries.set(sessionId, entry)
      if (known !== undefined && known.storeUntilMs === entry.storeUntilMs) return
      if (known !== undefined) toggle(sessionId, known)
      toggle(sessionId, entry)
      keepRecent(sessionId)
    },
    /** Whether there were any. */
    removeEnded(nowMs: number): boolean {
      const before = entries.size
      for (const [sessionId, entry] of entries) {
        if (entry.untilMs > nowMs) continue
        entries.delete(sessionId)
        recent.delete(sessionId)
        toggle(sessionId, entry)
      }
      return entries.size < before
    },
    list: (secondsLeft: (entry: RevocationEntry) => number): ToldRevocation[] =>
      [...entries].map(([sessionId, entry]) => ({ sessionId, expiresInSeconds: secondsLeft(entry) })),
    /** Learned since then, or ended here a moment ago; `undefined` where too much is new to be told apart. */
    since(fromMs: number, secondsLeft: (entry: RevocationEntry) => number): ToldRevocation[] | undefined {
      if (fromMs <= droppedUpToMs) return undefined
      return [...recent].flatMap((sessionId) => {
        const entry = entries.get(sessionId)
        if (entry === undefined || (entry.learnedMs ?? Infinity) < fromMs) return []
        return [{ sessionId, expiresInSeconds: secondsLeft(entry) }]
      })
    },
  }
}
