type Waiter = { wake: () => void; patience: AbortSignal }
type Entry = { count: number; waiting: Waiter[] }

/** Counts, by key, attempts whose outcome is not known yet, and lets others wait for room. */
export function createInFlight() {
  const entries = new Map<string, Entry>()
  return {
    begin(key: string): void {
      const entry = entries.get(key) ?? { count: 0, waiting: [] }
      entry.count += 1
      entries.set(key, entry)
    },
    /**
     * Room for one wakes one: waking all makes every attempt of a flood ask again after each end.
     * The last end wakes all, because none of them can expect room any more.
     */
    end(key: string, { madeRoom }: { madeRoom: boolean }): void {
      const entry = entries.get(key)
      if (entry === undefined) return
      entry.count -= 1
      entry.waiting = entry.waiting.filter(({ patience }) => !patience.aborted)
      if (entry.count === 0) entries.delete(key)
      const woken = entry.count === 0 ? entry.waiting.length : Number(madeRoom)
      for (const { wake } of entry.waiting.splice(0, woken)) wake()
    },
    /** Resolves when there may be room; `undefined` when no attempt is in flight. */
    next(key: string, patience: AbortSignal): Promise<void> | undefined {
      const entry = entries.get(key)
      return entry && new Promise((wake) => entry.waiting.push({ wake, patience }))
    },
  }
}
