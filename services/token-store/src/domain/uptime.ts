export type Downtime = Readonly<{ fromMs: number; toMs: number }>
export type Clock = Readonly<{
  nowMs: number
  /** Milliseconds since `fromMs` in which we were up; never negative. */
  uptimeSinceMs(fromMs: number): number
}>

/** A heartbeat is due every second; a longer gap than this is a downtime. */
export const LONGEST_GAP_MS = 3_000
const MOST_FORGIVEN_MS = 24 * 3_600_000

/**
 * A clock that does not count our own outages: a client cannot retry while we are away, so its window must not run.
 * The gap since the last heartbeat counts at once, before the next beat. At most 24 hours are forgiven.
 */
export function toUptimeClock(reading: { nowMs: number; beatAtMs: number; downtimes: readonly Downtime[] }): Clock {
  const { nowMs, beatAtMs } = reading
  const openGap = nowMs - beatAtMs > LONGEST_GAP_MS ? [{ fromMs: beatAtMs, toMs: nowMs }] : []
  const downtimes = [...reading.downtimes, ...openGap]
  return {
    nowMs,
    uptimeSinceMs(fromMs) {
      let downMs = 0
      for (const downtime of downtimes) {
        downMs += Math.max(0, Math.min(downtime.toMs, nowMs) - Math.max(downtime.fromMs, fromMs))
      }
      return Math.max(0, nowMs - fromMs - Math.min(downMs, MOST_FORGIVEN_MS))
    },
  }
}
