import type { Threshold } from './observation.ts'

export type Entry = Readonly<{ member: string; atMs: number }>
/** What has been counted for one subject, oldest first. */
export type Window = readonly Entry[]

/** Enough to tell a pattern; a reuse must not be pushed out by the sign-ins after it. */
export function entriesToKeep({ points }: Threshold): number {
  return Math.max(points, 50)
}

/**
 * Counts one more. The window ends with the newest entry, by the events' own time, so that late
 * ones and repeats find their place. `isNew` is false for what was counted before, and for what is
 * older than the window. The same as the script in adapters/redis.
 */
export function addToWindow(
  window: Window,
  entry: Entry,
  threshold: Threshold,
): { window: Window; isNew: boolean } {
  const before = window.find(({ member }) => member === entry.member)
  if (before !== undefined && before.atMs >= entry.atMs) return { window, isNew: false }
  const all = [...window.filter((each) => each !== before), entry].toSorted(
    (a, b) => a.atMs - b.atMs,
  )
  const endMs = all.at(-1)?.atMs ?? 0
  const next = all
    .filter(({ atMs }) => atMs > endMs - threshold.seconds * 1000)
    .slice(-entriesToKeep(threshold))
  return { window: next, isNew: next.includes(entry) }
}
