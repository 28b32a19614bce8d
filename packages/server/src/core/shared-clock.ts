/** Tolerated clock difference: above it the process logs a warning, and auth-api is not ready. */
export const MAX_OFFSET_MS = 5_000
/** A reading that took longer is too inaccurate. */
const MAX_ROUND_TRIP_MS = 2_000
/**
 * How long the server's clock must stay different before it is followed, when no other clock
 * confirms it.
 */
const FOLLOW_AFTER_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * One reading of the server's clock, between two readings of the local monotonic clock, all in
 * milliseconds.
 */
type ClockReading = Readonly<{ serverMs: number; sentAtMs: number; heardAtMs: number }>

/** A clock that follows the server's; see `createSharedClock`. */
export type SharedClock = Readonly<{
  /**
   * The server's time in Unix milliseconds, advanced by the local monotonic clock since the last
   * reading; the local time before the first reading.
   */
  nowMs(): number
  /** Corrects the clock by a reading; call it for each response that has the server's time. */
  observe(reading: ClockReading): void
  /** Server time minus local time, at least; 0 when the network delay explains the difference. */
  offsetMs(): number
  /**
   * Whether the local clock is wrong by more than `MAX_OFFSET_MS`; false while the server's clock
   * has jumped.
   */
  isOff(): boolean
  /**
   * Whether the time is too uncertain to delete anything: the clocks disagree, or a jump of more
   * than an hour was followed within the last day.
   */
  isDoubtful(): boolean
}>

/**
 * Creates one clock for all processes that judge tokens: the server's, corrected by half of the
 * round trip. It runs on the monotonic clock, so neither a jump of the local clock nor a short one
 * of the server's moves it. A reading more than 5 s off is followed if the local clock agrees with
 * it or, if the local clock agrees with neither, after a minute.
 */
export function createSharedClock({
  wallMs,
  elapsedMs,
}: {
  /** local time, Unix milliseconds */
  wallMs: () => number
  /** monotonic time, milliseconds */
  elapsedMs: () => number
}): SharedClock {
  let anchor: { serverMs: number; atMs: number } | undefined
  let offsetMs = 0
  let divergedSinceMs: number | undefined
  let jumpedAtMs = -Infinity

  const toTime = (atMs: number) =>
    anchor === undefined ? wallMs() : anchor.serverMs + (atMs - anchor.atMs)

  function observe({ serverMs, sentAtMs, heardAtMs }: ClockReading): void {
    const halfTripMs = (heardAtMs - sentAtMs) / 2
    if (!Number.isFinite(serverMs) || !(halfTripMs >= 0 && halfTripMs * 2 <= MAX_ROUND_TRIP_MS))
      return
    const readMs = serverMs + halfTripMs
    const ownMs = wallMs() - (elapsedMs() - heardAtMs)
    offsetMs = beyond(readMs - ownMs, halfTripMs)
    if (anchor === undefined) {
      anchor = { serverMs: readMs, atMs: heardAtMs }
      return
    }
    const driftMs = beyond(readMs - toTime(heardAtMs), halfTripMs)
    if (Math.abs(driftMs) <= MAX_OFFSET_MS) {
      divergedSinceMs = undefined
      anchor = { serverMs: anchor.serverMs + driftMs, atMs: anchor.atMs }
    } else if (isFollowed(readMs, ownMs, heardAtMs)) {
      divergedSinceMs = undefined
      if (Math.abs(driftMs) > HOUR_MS) jumpedAtMs = heardAtMs
      anchor = { serverMs: readMs, atMs: heardAtMs }
    } else divergedSinceMs ??= heardAtMs
  }

  function isFollowed(readMs: number, ownMs: number, heardAtMs: number): boolean {
    if (Math.abs(readMs - ownMs) <= MAX_OFFSET_MS) return true
    if (Math.abs(toTime(heardAtMs) - ownMs) <= MAX_OFFSET_MS) return false
    return divergedSinceMs !== undefined && heardAtMs - divergedSinceMs >= FOLLOW_AFTER_MS
  }

  const isOff = () => divergedSinceMs === undefined && Math.abs(offsetMs) > MAX_OFFSET_MS
  return {
    nowMs: () => toTime(elapsedMs()),
    observe,
    offsetMs: () => offsetMs,
    isOff,
    isDoubtful: () => divergedSinceMs !== undefined || isOff() || elapsedMs() - jumpedAtMs < DAY_MS,
  }
}

/** The part of a difference that the network delay does not explain. */
function beyond(differenceMs: number, halfTripMs: number): number {
  const beyondMs = Math.abs(differenceMs) - halfTripMs
  return beyondMs <= 0 ? 0 : Math.sign(differenceMs) * beyondMs
}
