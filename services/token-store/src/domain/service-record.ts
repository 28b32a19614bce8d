import { LONGEST_GAP_MS } from './uptime.ts'

/** Times by the database's clock. */
export type ServiceMark = Readonly<{
  /** until when this process is known to have served without a break */
  servedUntilMs: number
  /** its last answered heartbeat */
  beatAtMs: number
}>

/** `sentMs` is monotonic, when the statement was sent; `atMs` is the database's clock in it. */
type Answered = Readonly<{ sentMs: number; atMs: number }>

/**
 * What this process knows of its own service. A late heartbeat alone is no downtime: a rotation
 * that was committed proves as well that requests were served. It proves nothing once a rotation
 * has been refused, until a heartbeat is answered: one caller who is lucky does not speak for the
 * others.
 */
export function createServiceRecord({ nowMs }: { nowMs(): number }) {
  let seenMs = -Infinity
  let beatSentMs = -Infinity
  let refusedMs = -Infinity
  let mark: ServiceMark | undefined

  // An answer that has waited in a socket while the process stood still says nothing of now.
  const isFresh = (sentMs: number) => nowMs() - sentMs <= LONGEST_GAP_MS
  /** Whether this process was seen at work within the longest gap. */
  const isServing = () => isFresh(seenMs)

  return {
    isServing,
    mark: () => mark,
    beaten({ sentMs, atMs }: Answered): void {
      if (isFresh(sentMs)) seenMs = nowMs()
      beatSentMs = Math.max(beatSentMs, sentMs)
      mark = { servedUntilMs: atMs, beatAtMs: atMs }
    },
    rotated({ sentMs, atMs }: Answered): void {
      if (mark === undefined || !isServing() || !isFresh(sentMs) || refusedMs >= beatSentMs) return
      // After a longer gap it is the first sign of life, and the gap behind it stays a downtime.
      if (atMs - mark.servedUntilMs > LONGEST_GAP_MS) return
      seenMs = nowMs()
      mark = { ...mark, servedUntilMs: Math.max(mark.servedUntilMs, atMs) }
    },
    refused(): void {
      refusedMs = nowMs()
    },
  }
}
export type ServiceRecord = ReturnType<typeof createServiceRecord>

/**
 * From when on a gap counts that the last heartbeat stands before. A mark ahead of `nowMs` is from
 * before the database's clock was set back, and one whose heartbeat is not in the row from before a
 * fail-over that lost it: what a restored database has forgotten stays a downtime.
 */
export function toUpUntil(
  { nowMs, beatAtMs }: { nowMs: number; beatAtMs: number },
  mark: ServiceMark | undefined,
): number {
  if (mark === undefined || mark.servedUntilMs > nowMs || mark.beatAtMs > beatAtMs) return beatAtMs
  return Math.max(beatAtMs, mark.servedUntilMs)
}
