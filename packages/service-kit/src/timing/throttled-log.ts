/**
 * Returns a function that calls `write` at most `lines` times (once by default) per `everyMs` and
 * omits the other calls: in an outage all lines are the same. The first argument of `write` is the
 * number of omitted calls since the last.
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
