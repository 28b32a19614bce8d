import type { Threshold } from './observation.ts'

export type Entry = Readonly<{ member: string; atMs: number }>
/** The counted members of one subject, oldest first. */
export type Window = readonly Entry[]

/** Enough for the threshold; at least 50, so that later sign-ins do not displace a reuse. */
export function entriesToKeep({ points }: Threshold): number {
  return Math.max(points, 50)
}

/**
 * Adds an entry. The window ends with the newest entry by event time, so late and repeated events
 * are handled. `isNew` is false for an entry that was already counted or is older than the window.
 * The script in adapters/redis does the same.
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
