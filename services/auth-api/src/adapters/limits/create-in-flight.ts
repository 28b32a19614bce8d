type Entry = { count: number; waiting: Set<() => void> }

/** Counts, by key, attempts whose outcome is not known yet, and lets others wait for one of them to end. */
export function createInFlight() {
  const entries = new Map<string, Entry>()
  return {
    begin(key: string): void {
      const entry = entries.get(key) ?? { count: 0, waiting: new Set() }
      entry.count += 1
      entries.set(key, entry)
    },
    /**
     * `room`: the attempt gave its points back. Then one that waits can go on; all do when none is in flight any
     * more. To wake all each time would cost a flood the square of its size.
     */
    end(key: string, { room }: { room: boolean }): void {
      const entry = entries.get(key)
      if (entry === undefined) return
      entry.count -= 1
      if (entry.count === 0) entries.delete(key)
      const waiting = [...entry.waiting]
      for (const wake of entry.count === 0 ? waiting : waiting.slice(0, room ? 1 : 0)) wake()
    },
    has: (key: string): boolean => entries.has(key),
    /** Resolves when an attempt of one of the keys has ended and may have made room, or when `signal` aborts. */
    next(keys: readonly string[], signal: AbortSignal): Promise<void> {
      return new Promise((resolve) => {
        const all = keys.flatMap((key) => entries.get(key) ?? [])
        const wake = () => {
          for (const { waiting } of all) waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        for (const { waiting } of all) waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
        if (all.length === 0 || signal.aborted) wake()
      })
    },
  }
}
