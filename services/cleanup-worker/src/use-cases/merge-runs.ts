import type { RotationRun } from '../ports.ts'

/**
 * Joins runs that follow each other without a gap: a rotation with a field that its columns do not
 * have is stored apart.
 */
export function mergeRuns(runs: readonly RotationRun[]): RotationRun[] {
  const merged: RotationRun[] = []
  for (const run of runs.toSorted(byPlace)) {
    const before = merged.at(-1)
    if (before !== undefined && follows(before, run)) {
      merged[merged.length - 1] = {
        ...before,
        count: before.count + run.count,
        lastAt: run.lastAt,
        lastSeq: run.lastSeq,
        lastGeneration: run.lastGeneration,
      }
    } else merged.push(run)
  }
  return merged
}

const byPlace = (one: RotationRun, other: RotationRun) =>
  one.sessionId === other.sessionId
    ? one.firstSeq - other.firstSeq
    : one.sessionId < other.sessionId
      ? -1
      : 1

const follows = (before: RotationRun, run: RotationRun) =>
  before.sessionId === run.sessionId &&
  before.network === run.network &&
  before.agent === run.agent &&
  before.lastSeq + 1 === run.firstSeq &&
  before.lastAt <= run.firstAt
