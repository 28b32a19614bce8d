import type { Logger, Metrics as Instruments } from '@auto-refresh/service-kit/telemetry'
import { SWEEP_REFUSALS, type Metrics, type SweepRefusal } from '../../ports.ts'

/** A refusal can last longer than a day: it is logged when it begins, and again after this. */
const REPEAT_MS = 3_600_000

type Deps = Readonly<{
  logger: Pick<Logger, 'error' | 'info'>
  instruments: Instruments
  nowMs: () => number
}>

/** Metrics and log lines of cleanup-worker. */
export function createCleanupMetrics({ logger, instruments, nowMs }: Deps): Metrics {
  let logged: { reason: SweepRefusal; atMs: number } | undefined

  return {
    sessionsDeleted: (sessions) => instruments.cleanupDeletedSessions.inc(sessions),

    sweepEnded(refused, backlog) {
      instruments.cleanupBacklog.set(backlog)
      for (const reason of SWEEP_REFUSALS)
        instruments.cleanupRefused.set({ reason }, reason === refused ? 1 : 0)
      if (refused === undefined) {
        instruments.cleanupLastSuccess.set(nowMs() / 1000)
        if (logged !== undefined) logger.info({ reason: logged.reason }, 'Sweep recovered')
        logged = undefined
        return
      }
      const isNew = logged?.reason !== refused || Math.abs(nowMs() - logged.atMs) > REPEAT_MS
      if (!isNew) return
      logged = { reason: refused, atMs: nowMs() }
      logger.error({ reason: refused, backlog }, `Sweep refused: ${CAUSES[refused]}`)
    },

    eventsProcessed: (type, result, count) =>
      instruments.eventsProcessed.inc({ consumer: 'cleanup-worker', type, result }, count),
  }
}

const CAUSES = {
  clock: 'the clocks of the database and of this process differ by more than a minute',
  heartbeat:
    'the last heartbeat of token-store differs from the clock of the database by more than an hour',
  downtime: 'a downtime longer than an hour, or a clock jump, ended less than a day ago',
  share: 'more than a tenth of all sessions would be deleted at once',
} satisfies Record<SweepRefusal, string>
