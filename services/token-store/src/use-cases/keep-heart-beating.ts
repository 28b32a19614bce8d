import { LONGEST_GAP_MS } from '../domain/uptime.ts'
import type { Heartbeats, Outbox, Report } from '../ports.ts'

const BEAT_MS = 1_000
/** Counting costs more than a beat. */
const BEATS_PER_COUNT = 5

/**
 * Says every second that we are up, and now and then how full the tables are. The first beat is written when we are ready,
 * so booting is downtime too.
 */
export function createHeart(deps: {
  heartbeats: Heartbeats
  outbox: Outbox
  report: Pick<Report, 'downtime' | 'measured' | 'heartFailed' | 'trouble'>
  /** monotonic */
  nowMs(): number
}) {
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> = Promise.resolve()
  let measuring: Promise<void> = Promise.resolve()
  let beats = 0
  let lastBeatMs = -Infinity

  async function beat() {
    const downSeconds = await deps.heartbeats.beat()
    lastBeatMs = deps.nowMs()
    if (downSeconds > 0) deps.report.downtime(downSeconds)
    // Not waited for: a slow count must not hold up the next beat.
    if (beats++ % BEATS_PER_COUNT === 0) measuring = deps.outbox.measure().then(deps.report.measured, deps.report.trouble)
  }

  function schedule() {
    timer = setTimeout(() => {
      beating = beat()
        .catch(deps.report.heartFailed)
        .finally(() => timer && schedule())
    }, BEAT_MS)
  }

  return {
    async start() {
      await beat()
      schedule()
    },
    /** A process that stood still must not decide what came in meanwhile: its callers have given up and asked another. */
    isBeating: () => deps.nowMs() - lastBeatMs <= LONGEST_GAP_MS,
    async stop() {
      clearTimeout(timer)
      timer = undefined
      await beating
      await measuring
    },
  }
}
