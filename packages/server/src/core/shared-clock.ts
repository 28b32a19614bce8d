/**
 * What a clock may be off before it matters: above this the process says so, and auth-api is not
 * ready.
 */
export const MOST_OFFSET_MS = 5_000
/** A reading that took longer says too little. */
const LONGEST_TRIP_MS = 2_000
/**
 * How long the server's clock must stay somewhere else until it is followed, when no other clock
 * bears it out.
 */
const FOLLOW_AFTER_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** One reading of the server's clock, between two readings of our monotonic one. */
type ClockReading = Readonly<{ serverMs: number; sentAtMs: number; heardAtMs: number }>

export type SharedClock = Readonly<{
  /**
   * The server's time in Unix milliseconds, on our monotonic clock since the last reading; our own
   * before the first.
   */
  nowMs(): number
  observe(reading: ClockReading): void
  /**
   * The server's clock minus ours, at least; 0 where the way of the answer explains the difference.
   */
  offsetMs(): number
  /**
   * Our own clock is wrong by more than `MOST_OFFSET_MS`; false while it is the server's that has
   * jumped.
   */
  isOff(): boolean
  /**
   * The time should not be used to delete anything: the clocks disagree, or one of an hour's jump
   * was followed today.
   */
  isDoubtful(): boolean
}>

/**
 * One clock for all processes that judge tokens: the server's, corrected by half of each answer's
 * way. It runs on the monotonic clock, so neither a jump of ours nor a short one of the server's
 * moves it: a reading more than 5 s from it counts where our own clock agrees, or, where ours
 * agrees with nothing, after a minute.
 */
export function createSharedClock({
  wallMs,
  elapsedMs,
}: {
  wallMs: () => number
  elapsedMs: () => number
}): SharedClock {
  let anchor: { serverMs: number; atMs: number } | undefined
  let offsetMs = 0
  let awaySinceMs: number | undefined
  let leaptAtMs = -Infinity

  const toTime = (atMs: number) =>
    anchor === undefined ? wallMs() : anchor.serverMs + (atMs - anchor.atMs)

  function observe({ serverMs, sentAtMs, heardAtMs }: ClockReading): void {
    const halfTripMs = (heardAtMs - sentAtMs) / 2
    if (!Number.isFinite(serverMs) || !(halfTripMs >= 0 && halfTripMs * 2 <= LONGEST_TRIP_MS))
      return
    const readMs = serverMs + halfTripMs
    const ownMs = wallMs() - (elapsedMs() - heardAtMs)
    offsetMs = beyond(readMs - ownMs, halfTripMs)
    if (anchor === undefined) {
      anchor = { serverMs: readMs, atMs: heardAtMs }
      return
    }
    const driftMs = beyond(readMs - toTime(heardAtMs), halfTripMs)
    if (Math.abs(driftMs) <= MOST_OFFSET_MS) {
      awaySinceMs = undefined
      anchor = { serverMs: anchor.serverMs + driftMs, atMs: anchor.atMs }
    } else if (isFollowed(readMs, ownMs, heardAtMs)) {
      awaySinceMs = undefined
      if (Math.abs(driftMs) > HOUR_MS) leaptAtMs = heardAtMs
      anchor = { serverMs: readMs, atMs: heardAtMs }
    } else awaySinceMs ??= heardAtMs
  }

  function isFollowed(readMs: number, ownMs: number, heardAtMs: number): boolean {
    if (Math.abs(readMs - ownMs) <= MOST_OFFSET_MS) return true
    if (Math.abs(toTime(heardAtMs) - ownMs) <= MOST_OFFSET_MS) return false
    return awaySinceMs !== undefined && heardAtMs - awaySinceMs >= FOLLOW_AFTER_MS
  }

  const isOff = () => awaySinceMs === undefined && Math.abs(offsetMs) > MOST_OFFSET_MS
  return {
    nowMs: () => toTime(elapsedMs()),
    observe,
    offsetMs: () => offsetMs,
    isOff,
    isDoubtful: () => awaySinceMs !== undefined || isOff() || elapsedMs() - leaptAtMs < DAY_MS,
  }
}

/** What of a difference the way of the answer does not explain. */
function beyond(differenceMs: number, halfTripMs: number): number {
  const beyondMs = Math.abs(differenceMs) - halfTripMs
  return beyondMs <= 0 ? 0 : Math.sign(differenceMs) * beyondMs
}
