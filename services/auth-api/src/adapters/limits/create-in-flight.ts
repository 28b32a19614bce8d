type Wake = (key?: string) => void
type Entry = { count: number; waiting: Set<Wake> }

/**
 * Counts, by key, attempts whose outcome is not known yet, and lets others wait for one of them to
 * end.
 */
export function createInFlight() {
  const entries = new Map<string, Entry>()
  return {
    begin(key: string): void {
      const entry = entries.get(key) ?? { count: 0, waiting: new Set() }
      entry.count += 1
      entries.set(key, entry)
    },
    /**
     * `room`: the attempt gave its points back. Then one that waits can go on; all do when none is
     * in flight any more. To wake all each time would cost a flood the square of its size.
     */
    end(key: string, { room }: { room: boolean }): void {
      const entry = entries.get(key)
      if (entry === undefined) return
      entry.count -= 1
      if (entry.count === 0) entries.delete(key)
      const waiting = [...entry.waiting]
      for (const wake of entry.count === 0 ? waiting : waiting.slice(0, room ? 1 : 0)) wake(key)
    },
    /** Wakes the next one that waits for the key: the one that was woken did not use the room. */
    pass(key: string): void {
      const [next] = entries.get(key)?.waiting ?? []
      next?.(key)
    },
    has: (key: string): boolean => entries.has(key),
    /**
     * Resolves with the key of which an attempt has ended and may have made room, or with nothing
     * when `signal` aborts. Only this one was woken: it takes the room or passes the key on.
     */
    next(keys: readonly string[], signal: AbortSignal): Promise<string | undefined> {
      return new Promise((resolve) => {
        const all = keys.flatMap((key) => entries.get(key) ?? [])
        const wake: Wake = (key) => {
          for (const { waiting } of all) waiting.delete(wake)
          signal.removeEventListener('abort', giveUp)
          resolve(key)
        }
        const giveUp = () => wake()
        for (const { waiting } of all) waiting.add(wake)
        signal.addEventListener('abort', giveUp, { once: true })
        if (all.length === 0 || signal.aborted) wake()
      })
    },
  }
}
