import type { ServiceRecord } from '../domain/service-record.ts'
import type { Heartbeats, Outbox, Report } from '../ports.ts'

const BEAT_MS = 1_000
/**
 * A beat does not wait for the answer to the last one: a busy event loop delays it by one turn
 * only. But a beat may be written though nobody hears its answer, and rotations fail meanwhile. So
 * after a failure, or an answer that took longer than a rotation may wait, the next beat is sent a
 * second after all are settled, and the gap before it is a downtime where it is too long.
 */
const LONGEST_ANSWER_MS = 1_500
/** Counting costs more than a beat. */
const BEATS_PER_COUNT = 5

/**
 * Says every second that we are up, and now and then how full the tables are. The first beat is
 * written when we are ready, so booting is downtime too.
 */
export function createHeartbeat(deps: {
  heartbeats: Heartbeats
  service: ServiceRecord
  outbox: Outbox
  report: Pick<Report, 'downtime' | 'measured' | 'heartFailed' | 'trouble'>
  /** monotonic */
  nowMs(): number
}) {
  const { service, report } = deps
  /** The beats that are not answered, with the time at which each was sent. */
  const unanswered = new Map<Promise<void>, number>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isLate = false
  let measuring: Promise<void> = Promise.resolve()
  let beats = 0

  async function beat() {
    const sentMs = deps.nowMs()
    const { downSeconds, atMs } = await deps.heartbeats.beat(service.mark())
    service.beaten({ sentMs, atMs })
    if (downSeconds > 0) report.downtime(downSeconds)
    // Not waited for: a slow count must not hold up the next beat.
    if (beats++ % BEATS_PER_COUNT === 0) {
      measuring = deps.outbox.measure().then(report.measured, report.trouble)
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
          report.heartFailed(error)
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
