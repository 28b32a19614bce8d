import { SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import type { Outbox, OutboxRow, Report } from '../ports.ts'

const MOST_ROWS = 500
const LEASE_MS = 10_000
const RENEW_MS = 2_000
/** An acknowledgement may take this long: the lease is still ours then. */
const PUBLISH_MS = LEASE_MS / 2 - RENEW_MS
const BUSY_MS = 25
const IDLE_MS = 250

/**
 * Sends committed events on, in order per session, at least once: read, publish, delete what was
 * acknowledged. There is no cursor, which would lose late commits. It sends only with more than
 * half of its lease left, so a relay that was paused repeats events but never reorders first
 * occurrences. Nothing that fails here ends the process.
 */
export function createOutboxRelay(deps: {
  outbox: Outbox
  publisher: { publish(topic: string, events: readonly AnyEvent[]): Promise<void> }
  owner: string
  report: Pick<Report, 'published' | 'relayFailed' | 'lanesOwned'>
  /** monotonic */
  nowMs(): number
}) {
  let lanes: number[] = []
  let leasedAtMs = -Infinity
  let stopped = false
  let nudged = false
  let wake: ((afterMs: number) => void) | undefined
  let loop: Promise<void> | undefined

  async function renew() {
    if (deps.nowMs() - leasedAtMs < RENEW_MS) return
    const askedAtMs = deps.nowMs()
    lanes = await deps.outbox.lease(deps.owner, LEASE_MS)
    leasedAtMs = askedAtMs
    deps.report.lanesOwned(lanes.length)
  }

  async function sendOnce(): Promise<number> {
    await renew()
    if (lanes.length === 0) return 0
    const rows: OutboxRow[] = await deps.outbox.read(lanes, MOST_ROWS)
    if (rows.length === 0 || deps.nowMs() - leasedAtMs > LEASE_MS / 2) return 0
    const events = rows.map((row) => row.event)
    await withDeadline(
      deps.publisher.publish(SESSION_EVENTS_TOPIC, events),
      PUBLISH_MS,
      `publish was not acknowledged within ${PUBLISH_MS} ms`,
    )
    await deps.outbox.remove(rows)
    deps.report.published(events)
    return rows.length
  }

  async function run() {
    let pauseMs = BUSY_MS
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop() changes it
    while (!stopped) {
      const sent = await sendOnce().catch((error: unknown) => {
        deps.report.relayFailed(error)
        return 0
      })
      if (sent >= MOST_ROWS / 2) continue
      pauseMs = sent > 0 ? BUSY_MS : Math.min(IDLE_MS, pauseMs * 2)
      await pause(pauseMs)
    }
  }

  /**
   * A nudge shortens an idle pause, and no further than to `BUSY_MS`: what is committed meanwhile
   * travels together.
   */
  function pause(ms: number) {
    return new Promise<void>((resolve) => {
      if (nudged || stopped) ms = BUSY_MS
      nudged = false
      let timer = setTimeout(resolve, ms)
      wake = (afterMs) => {
        if (afterMs >= ms) return
        clearTimeout(timer)
        timer = setTimeout(resolve, afterMs)
        ms = afterMs
      }
    })
  }

  return {
    start() {
      loop ??= run()
    },
    /** There is something to send: do not wait for the next poll, but gather what comes with it. */
    nudge() {
      nudged = true
      wake?.(BUSY_MS)
    },
    /** Finishes the send in flight and hands the lanes over. */
    async stop() {
      stopped = true
      wake?.(0)
      await loop
      await deps.outbox.release(deps.owner).catch(deps.report.relayFailed)
    },
  }
}
