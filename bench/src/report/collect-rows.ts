import type { BenchTools } from '../run-bench.ts'

/** Collects the rows of a report, and prints each when it is measured. */
export function collectRows(tools: BenchTools) {
  const rows: string[][] = []
  return {
    rows,
    /** Throws if the benchmark was interrupted. */
    add(part: string, result: string): void {
      tools.check()
      rows.push([part, result])
      tools.say(`${part}: ${result}`)
    },
  }
}
