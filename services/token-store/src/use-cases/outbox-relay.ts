import { SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import type { Outbox, OutboxRow, Metrics } from '../ports.ts'

const MAX_ROWS = 500
const LEASE_MS = 10_000
const RENEW_MS = 2_000
/** An acknowledgement may take this long: this relay still holds the lease then. */
const PUBLISH_MS = LEASE_MS / 2 - RENEW_MS
/**
 * From one read to the next: the commits of this time share one read, one publish and one delete.
 * A consumer normally gets the event of a rotation within 100 ms.
 */
const GATHER_MS = 40
/** Other replicas do not announce their commits. */
const IDLE_MS = 50
/** The relay of all lanes waits for the events of clean-up only. */
const ALL_LANES = 16
const ALONE_IDLE_MS = 250

/**
 * Publishes committed events at least once, in order per session: read, publish, delete what was
 * acknowledged together with the next read. It uses no cursor, which would lose late commits. It
 * publishes only while more than half of its lease is left, so a paused relay may repeat events but
 * never reorders their first occurrences. Failures are reported and retried.
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
  /** acknowledged and not deleted yet: repeated after a crash */
  let published: readonly OutboxRow[] = []
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
    if (lanes.length === 0) {
      await deps.outbox.remove(published)
      published = []
      return 0
    }
    const rows = await deps.outbox.readNext({ lanes, limit: MAX_ROWS, published })
    published = []
    if (rows.length === 0 || deps.nowMs() - leasedAtMs > LEASE_MS / 2) return 0
    const events = rows.map((row) => row.event)
    await withDeadline(
      deps.publisher.publish(SESSION_EVENTS_TOPIC, events),
      PUBLISH_MS,
      `publish was not acknowledged within ${PUBLISH_MS} ms`,
    )
    published = rows
    deps.metrics.published(events)
    return rows.length
  }

  async function run() {
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop() changes it
    while (!stopped) {
      const startedAtMs = deps.nowMs()
      const sent = await sendOnce().catch((error: unknown) => {
        deps.metrics.relayFailed(error)
        return 0
      })
      if (sent >= MAX_ROWS / 2) continue
      if (sent > 0) await pause(Math.max(0, GATHER_MS - (deps.nowMs() - startedAtMs)))
      else await pause(lanes.length === ALL_LANES ? ALONE_IDLE_MS : IDLE_MS)
    }
  }

  /** A nudge shortens the pause to `GATHER_MS`, not to 0, so that commits share a batch. */
  function pause(ms: number) {
    return new Promise<void>((resolve) => {
      if (nudged || stopped) ms = Math.min(ms, GATHER_MS)
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
      wake?.(GATHER_MS)
    },
    /** Finishes the batch in flight, deletes it and releases the lanes. */
    async stop() {
      stopped = true
      wake?.(0)
      await loop
      await deps.outbox.remove(published).catch(deps.metrics.relayFailed)
      await deps.outbox.release(deps.owner).catch(deps.metrics.relayFailed)
    },
  }
}
