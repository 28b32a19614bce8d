/** So many lines a second say enough of an outage or a flood, in which every answer is the same. */
const LINES_A_SECOND = 10

/**
 * Asked before a line is written: `undefined` when it is one too many, else how many were left out
 * since the last.
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
