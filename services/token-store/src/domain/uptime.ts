export type Downtime = Readonly<{ fromMs: number; toMs: number }>
/** A reading of the database's clock, with the known downtimes. */
export type UptimeClock = Readonly<{
  nowMs: number
  /** Milliseconds since `fromMs` in which the service was up; never negative. */
  uptimeSinceMs(fromMs: number): number
  /** Whether the clock may have jumped forward: an expired session may still be valid. */
  isDoubtful: boolean
}>

/** A heartbeat is due every second; a longer gap than this is a downtime. */
export const LONGEST_GAP_MS = 3_000
const MAX_FORGIVEN_MS = 24 * 3_600_000
/**
 * A clock that jumps forward looks like a downtime of the same length. After one longer than an
 * hour the clock is doubted for ten minutes: the time to notice and correct it.
 */
const JUMP_MS = 3_600_000
const DOUBTED_MS = 10 * 60_000
/** The clocks of the database and of this process may differ by this much. */
const CLOCKS_APART_MS = 60_000

/**
 * Returns a clock that does not count downtimes: a client cannot retry while the service is down,
 * so its grace window must not run. The gap since the last heartbeat counts as a downtime at once,
 * before the next heartbeat. At most 24 hours are subtracted, unless the clock is doubtful.
 */
export function toUptimeClock(reading: {
  nowMs: number
  beatAtMs: number
  downtimes: readonly Downtime[]
  /** the clock of this process, to compare */
  processMs?: number
}): UptimeClock {
  const { nowMs, beatAtMs } = reading
  const openGap = nowMs - beatAtMs > LONGEST_GAP_MS ? [{ fromMs: beatAtMs, toMs: nowMs }] : []
  const downtimes = [...reading.downtimes, ...openGap]
  const { processMs = nowMs } = reading
  const isDoubtful =
    nowMs - processMs > CLOCKS_APART_MS ||
    downtimes.some(({ fromMs, toMs }) => toMs - fromMs > JUMP_MS && nowMs - toMs < DOUBTED_MS)
  // A gap that may be a clock jump must not turn a replay into a reuse, however long it is.
  const mostForgivenMs = isDoubtful ? Infinity : MAX_FORGIVEN_MS
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
