export type Downtime = Readonly<{ fromMs: number; toMs: number }>
export type Clock = Readonly<{
  nowMs: number
  /** Milliseconds since `fromMs` in which we were up; never negative. */
  uptimeSinceMs(fromMs: number): number
  /** Whether the clock may have jumped forward: what has expired by it may be alive. */
  isDoubtful: boolean
}>

/** A heartbeat is due every second; a longer gap than this is a downtime. */
export const LONGEST_GAP_MS = 3_000
const MOST_FORGIVEN_MS = 24 * 3_600_000
/**
 * A jump forward looks like a downtime of its length. One this long is doubted, for as long as it
 * takes to be noticed.
 */
const JUMP_MS = 3_600_000
const DOUBTED_MS = 10 * 60_000
/** What may lie between the clocks of the database and of this process. */
const CLOCKS_APART_MS = 60_000

/**
 * A clock that does not count our own outages: a client cannot retry while we are away, so its
 * window must not run. The gap since the last heartbeat counts at once, before the next beat. At
 * most 24 hours are forgiven, once it is certain that they passed.
 */
export function toUptimeClock(reading: {
  nowMs: number
  beatAtMs: number
  downtimes: readonly Downtime[]
  /** the clock of this process, as a witness */
  processMs?: number
}): Clock {
  const { nowMs, beatAtMs } = reading
  const openGap = nowMs - beatAtMs > LONGEST_GAP_MS ? [{ fromMs: beatAtMs, toMs: nowMs }] : []
  const downtimes = [...reading.downtimes, ...openGap]
  const { processMs = nowMs } = reading
  const isDoubtful =
    nowMs - processMs > CLOCKS_APART_MS ||
    downtimes.some(({ fromMs, toMs }) => toMs - fromMs > JUMP_MS && nowMs - toMs < DOUBTED_MS)
  // A gap that may be a jump of the clock makes nothing a reuse, however long it is.
  const mostForgivenMs = isDoubtful ? Infinity : MOST_FORGIVEN_MS
  return {
    nowMs,
    isDoubtful,
    uptimeSinceMs(fromMs) {
      let downMs = 0
      for (const downtime of downtimes) {
        downMs += Math.max(0, Math.min(downtime.toMs, nowMs) - Math.max(downtime.fromMs, fromMs))
      }
      return Math.max(0, nowMs - fromMs - Math.min(downMs, mostForgivenMs))
    },
  }
}
