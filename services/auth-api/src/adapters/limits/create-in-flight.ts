type Wake = (key?: string) => void
type Entry = { count: number; waiting: Set<Wake> }

/**
 * Counts attempts in flight by key. Other attempts can wait until one of them ends.
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
     * Ends an attempt. `room`: its points were refunded, so one waiting attempt is woken. When it
     * was the last in flight, all are woken. Waking all each time would cost O(n²) in a flood.
     */
    end(key: string, { room }: { room: boolean }): void {
      const entry = entries.get(key)
      if (entry === undefined) return
      entry.count -= 1
      if (entry.count === 0) entries.delete(key)
      const waiting = [...entry.waiting]
      for (const wake of entry.count === 0 ? waiting : waiting.slice(0, room ? 1 : 0)) wake(key)
    },
    /** Wakes the next waiting attempt, because the one that was woken did not use the room. */
    pass(key: string): void {
      const [next] = entries.get(key)?.waiting ?? []
      next?.(key)
    },
    has: (key: string): boolean => entries.has(key),
    /**
     * Resolves with the key that may have room again, or with `undefined` when `signal` aborts.
     * Only this waiter is woken: it must use the room or call `pass`.
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
