import { SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import type { Outbox, OutboxRow, Metrics } from '../ports.ts'

const MAX_ROWS = 500
const LEASE_MS = 10_000
const RENEW_MS = 2_000
/** An acknowledgement may take this long: this relay still holds the lease then. */
const PUBLISH_MS = LEASE_MS / 2 - RENEW_MS
const BUSY_MS = 25
const IDLE_MS = 250

/**
 * Publishes committed events at least once, in order per session: read, publish, delete what was
 * acknowledged. It uses no cursor, which would lose late commits. It publishes only while more than
 * half of its lease is left, so a paused relay may repeat events but never reorders their first
 * occurrences. Failures are reported and retried.
 */
export function createOutboxRelay(deps: {
  outbox: Outbox
  publisher: { publish(topic: string, events: readonly AnyEvent[]): Promise<void> }
  owner: string
  metrics: Pick<Metrics, 'published' | 'relayFailed' | 'lanesOwned'>
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
    deps.metrics.lanesOwned(lanes.length)
  }

  async function sendOnce(): Promise<number> {
    await renew()
    if (lanes.length === 0) return 0
    const rows: OutboxRow[] = await deps.outbox.read(lanes, MAX_ROWS)
    if (rows.length === 0 || deps.nowMs() - leasedAtMs > LEASE_MS / 2) return 0
    const events = rows.map((row) => row.event)
    await withDeadline(
      deps.publisher.publish(SESSION_EVENTS_TOPIC, events),
      PUBLISH_MS,
      `publish was not acknowledged within ${PUBLISH_MS} ms`,
    )
    await deps.outbox.remove(rows)
    deps.metrics.published(events)
    return rows.length
  }

  async function run() {
    let pauseMs = BUSY_MS
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop() changes it
    while (!stopped) {
      const sent = await sendOnce().catch((error: unknown) => {
        deps.metrics.relayFailed(error)
        return 0
      })
      if (sent >= MAX_ROWS / 2) continue
      pauseMs = sent > 0 ? BUSY_MS : Math.min(IDLE_MS, pauseMs * 2)
      await pause(pauseMs)
    }
  }

  /** A nudge shortens the pause to `BUSY_MS`, not to 0, so that concurrent commits share a batch. */
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
    /** Announces new events: the relay does not wait for its next poll. */
    nudge() {
      nudged = true
      wake?.(BUSY_MS)
    },
    /** Finishes the batch in flight and releases the lanes. */
    async stop() {
      stopped = true
      wake?.(0)
      await loop
      await deps.outbox.release(deps.owner).catch(deps.metrics.relayFailed)
    },
  }
}
