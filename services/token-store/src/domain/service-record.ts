import { LONGEST_GAP_MS } from './uptime.ts'

/** Times by the database's clock. */
export type ServiceMark = Readonly<{
  /** this process is known to have served without a gap until then */
  servedUntilMs: number
  /** the last heartbeat that the database confirmed */
  beatAtMs: number
}>

/** `sentMs` is the monotonic time at which a statement was sent, `atMs` the database's clock. */
type Confirmed = Readonly<{ sentMs: number; atMs: number }>

/**
 * Records when this process served requests. A late heartbeat alone is no downtime: a committed
 * rotation also proves that requests were served. After a failed rotation it proves nothing until
 * the next confirmed heartbeat, because one success says nothing about the other requests.
 *
 * @param nowMs monotonic clock
 */
export function createServiceRecord({ nowMs }: { nowMs(): number }) {
  let seenMs = -Infinity
  let beatSentMs = -Infinity
  let failedMs = -Infinity
  let mark: ServiceMark | undefined

  // A response that waited in the socket while the process was paused proves nothing about now.
  const isFresh = (sentMs: number) => nowMs() - sentMs <= LONGEST_GAP_MS
  /** Whether this process has proven within the longest gap that it serves requests. */
  const isServing = () => isFresh(seenMs)

  return {
    isServing,
    mark: () => mark,
    heartbeatConfirmed({ sentMs, atMs }: Confirmed): void {
      if (isFresh(sentMs)) seenMs = nowMs()
      beatSentMs = Math.max(beatSentMs, sentMs)
      mark = { servedUntilMs: atMs, beatAtMs: atMs }
    },
    rotationCommitted({ sentMs, atMs }: Confirmed): void {
      if (mark === undefined || !isServing() || !isFresh(sentMs) || failedMs >= beatSentMs) return
      // After a longer gap the gap itself stays a downtime.
      if (atMs - mark.servedUntilMs > LONGEST_GAP_MS) return
      seenMs = nowMs()
      mark = { ...mark, servedUntilMs: Math.max(mark.servedUntilMs, atMs) }
    },
    rotationFailed(): void {
      failedMs = nowMs()
    },
  }
}
export type ServiceRecord = ReturnType<typeof createServiceRecord>

/**
 * Returns the start of the gap since the last heartbeat: `beatAtMs`, or later if `mark` proves
 * service after it. Two marks are ignored: one ahead of `nowMs`, written before the database's
 * clock was set back, and one with a heartbeat that the row does not have, lost by a failover. The
 * time that a restored database has lost stays a downtime.
 */
export function toUpUntil(
  { nowMs, beatAtMs }: { nowMs: number; beatAtMs: number },
  mark: ServiceMark | undefined,
): number {
  if (mark === undefined || mark.servedUntilMs > nowMs || mark.beatAtMs > beatAtMs) return beatAtMs
  return Math.max(beatAtMs, mark.servedUntilMs)
}
