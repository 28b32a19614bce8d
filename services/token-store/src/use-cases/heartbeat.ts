import type { ServiceRecord } from '../domain/service-record.ts'
import type { Heartbeats, Outbox, Metrics } from '../ports.ts'

const BEAT_MS = 1_000
/**
 * A heartbeat does not wait for the response to the last one, so a busy event loop delays it by one
 * turn only. But a heartbeat may be written although its response is lost and rotations fail. So
 * after a failure, or a response slower than a rotation may wait, the next heartbeat is sent one
 * second after all pending ones have settled. If that gap is too long, it counts as a downtime.
 */
const LONGEST_ANSWER_MS = 1_500
/** Counting rows costs more than a heartbeat. */
const BEATS_PER_COUNT = 5

/**
 * Writes a heartbeat every second, and measures the tables with every fifth. `start` resolves when
 * the first heartbeat is written, so the time to boot counts as downtime.
 */
export function createHeartbeat(deps: {
  heartbeats: Heartbeats
  service: ServiceRecord
  outbox: Outbox
  metrics: Pick<Metrics, 'downtime' | 'measured' | 'heartbeatFailed' | 'requestFailed'>
  /** monotonic */
  nowMs(): number
}) {
  const { service, metrics } = deps
  /** Pending heartbeats, with the time at which each was sent. */
  const unanswered = new Map<Promise<void>, number>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isLate = false
  let measuring: Promise<void> = Promise.resolve()
  let beats = 0

  async function beat() {
    const sentMs = deps.nowMs()
    const { downSeconds, atMs } = await deps.heartbeats.beat(service.mark())
    service.heartbeatConfirmed({ sentMs, atMs })
    if (downSeconds > 0) metrics.downtime(downSeconds)
    // Not awaited: a slow count must not delay the next heartbeat.
    if (beats++ % BEATS_PER_COUNT === 0) {
      measuring = deps.outbox.measure().then(metrics.measured, metrics.requestFailed)
    }
  }

  const isOverdue = (sentMs: number) => deps.nowMs() - sentMs >= LONGEST_ANSWER_MS

  function schedule() {
    clearTimeout(timer)
    if (!isStopped) timer = setTimeout(tick, BEAT_MS)
  }

  function tick() {
    schedule()
    if (unanswered.size > 0 && (isLate || [...unanswered.values()].some(isOverdue))) return
    const sentMs = deps.nowMs()
    const beating = beat()
      .then(
        () => isOverdue(sentMs),
        (error: unknown) => {
          metrics.heartbeatFailed(error)
          return true
        },
      )
      .then((wasLate) => {
        unanswered.delete(beating)
        isLate = wasLate
        if (wasLate) schedule()
      })
    unanswered.set(beating, sentMs)
  }

  return {
    async start() {
      await beat()
      schedule()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await Promise.all(unanswered.keys())
      await measuring
    },
  }
}
