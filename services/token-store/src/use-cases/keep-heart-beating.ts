import type { Heartbeats, Outbox, Report } from '../ports.ts'

const BEAT_MS = 1_000
/** Counting costs more than a beat. */
const BEATS_PER_COUNT = 5

/**
 * Says every second that we are up, and now and then how full the tables are. The first beat is written when we are ready,
 * so booting is downtime too.
 */
export function createHeart(deps: { heartbeats: Heartbeats; outbox: Outbox; report: Pick<Report, 'downtime' | 'measured' | 'heartFailed'> }) {
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> = Promise.resolve()
  let beats = 0

  async function beat() {
    const downSeconds = await deps.heartbeats.beat()
    if (downSeconds > 0) deps.report.downtime(downSeconds)
    if (beats++ % BEATS_PER_COUNT === 0) deps.report.measured(await deps.outbox.measure())
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
    async stop() {
      clearTimeout(timer)
      timer = undefined
      await beating
    },
  }
}
