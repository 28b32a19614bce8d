/** Enough to see an outage or a flood, in which all answers are the same. */
const LINES_A_SECOND = 10

/**
 * Creates a limit for log lines. Call the result before writing a line: it returns `undefined` when
 * the line must be dropped, else how many lines were dropped since the last one.
 */
export function createLineBudget({ nowMs }: { nowMs: () => number }): () => number | undefined {
  let second = -Infinity
  let written = 0
  let omitted = 0

  return () => {
    const now = Math.floor(nowMs() / 1000)
    if (now !== second) written = 0
    second = now
    if (written >= LINES_A_SECOND) {
      omitted += 1
      return undefined
    }
    written += 1
    const before = omitted
    omitted = 0
    return before
  }
}
