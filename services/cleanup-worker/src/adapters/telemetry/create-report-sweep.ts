import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import { SWEEP_REFUSALS, type SweepRefusal } from '../../ports.ts'

/** A refusal lasts up to a day and more: it is logged when it begins, and again after this. */
const REPEAT_MS = 3_600_000

type Deps = Readonly<{
  logger: Pick<Logger, 'error' | 'info'>
  metrics: Metrics
  nowMs: () => number
}>

/** Metrics and log lines of a sweep that has ended. */
export function createReportSweep({ logger, metrics, nowMs }: Deps) {
  let logged: { reason: SweepRefusal; atMs: number } | undefined

  return (refused: SweepRefusal | undefined, backlog: number): void => {
    metrics.cleanupBacklog.set(backlog)
    for (const reason of SWEEP_REFUSALS)
      metrics.cleanupRefused.set({ reason }, reason === refused ? 1 : 0)
    if (refused === undefined) {
      metrics.cleanupLastSuccess.set(nowMs() / 1000)
      if (logged !== undefined) logger.info({ reason: logged.reason }, 'Sweep recovered')
      logged = undefined
      return
    }
    const isNew = logged?.reason !== refused || Math.abs(nowMs() - logged.atMs) > REPEAT_MS
    if (!isNew) return
    logged = { reason: refused, atMs: nowMs() }
    logger.error({ reason: refused, backlog }, `Sweep refused: ${CAUSES[refused]}`)
  }
}

const CAUSES = {
  clock: 'the clocks of the database and of this process differ by more than a minute',
  heartbeat:
    'the last heartbeat of token-store is more than an hour from the clock of the database',
  downtime: 'a downtime longer than an hour, or a clock jump, ended less than a day ago',
  share: 'more than a tenth of all sessions would be deleted at once',
} satisfies Record<SweepRefusal, string>
