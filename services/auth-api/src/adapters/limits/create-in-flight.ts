type Entry = { count: number; waiting: (() => void)[] }

/** Counts, by key, attempts whose outcome is not known yet, and lets others wait for one of them to end. */
export function createInFlight() {
  const entries = new Map<string, Entry>()
  return {
    begin(key: string): void {
      const entry = entries.get(key) ?? { count: 0, waiting: [] }
      entry.count += 1
      entries.set(key, entry)
    },
    end(key: string): void {
      const entry = entries.get(key)
      if (entry === undefined) return
      entry.count -= 1
      if (entry.count === 0) entries.delete(key)
      for (const wake of entry.waiting.splice(0)) wake()
    },
    /** Resolves when one ends; `undefined` when none is in flight. */
    next(key: string): Promise<void> | undefined {
      const entry = entries.get(key)
      return entry && new Promise((resolve) => entry.waiting.push(resolve))
    },
  }
}
