/**
 * Calls `write` at most `lines` times (once by default) in `everyMs`, and not at all for the calls
 * beyond: in an outage or a flood every line is the same. `write` learns first how many were
 * omitted since the last.
 */
export function throttledLog<Args extends unknown[]>({
  lines = 1,
  everyMs,
  write,
  nowMs = () => performance.now(),
}: {
  lines?: number
  everyMs: number
  write: (omitted: number, ...args: Args) => void
  /** monotonic */
  nowMs?: () => number
}): (...args: Args) => void {
  let startedAtMs = -Infinity
  let written = 0
  let omitted = 0

  return (...args) => {
    const atMs = nowMs()
    if (atMs - startedAtMs >= everyMs) {
      startedAtMs = atMs
      written = 0
    }
    if (written >= lines) {
      omitted += 1
      return
    }
    written += 1
    const before = omitted
    omitted = 0
    write(before, ...args)
  }
}
