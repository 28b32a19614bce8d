import type { Session } from './session.ts'
import type { UptimeClock } from './uptime.ts'

/**
 * All generations superseded within the grace window may be replayed, not only the last one: six
 * requests that get a 401 at once may each refresh.
 */
export function isInGraceWindow(
  session: Session,
  generation: number,
  clock: UptimeClock,
  graceMs: number,
): boolean {
  const floor =
    clock.uptimeSinceMs(session.markAtMs) > graceMs
      ? session.markGeneration
      : session.floorGeneration
  return graceMs > 0 && generation > floor && clock.uptimeSinceMs(session.rotatedAtMs) <= graceMs
}

/**
 * Moves the floor, below which no generation is replayed. Two numbers replace a history: every
 * generation superseded more than two grace windows ago is below the floor, and none superseded
 * within one is, however fast the client rotates. So fast rotations cannot hide a theft.
 */
export function advanceFloor(session: Session, clock: UptimeClock, graceMs: number) {
  const markAtMs = Math.min(session.markAtMs, clock.nowMs)
  if (clock.uptimeSinceMs(markAtMs) <= graceMs) return { markAtMs }
  return {
    floorGeneration: session.markGeneration,
    markGeneration: session.generation - 1,
    markAtMs: session.rotatedAtMs,
  }
}
