import { setTimeout as pause } from 'node:timers/promises'
import { createDeleteInBatches } from '@auto-refresh/service-kit/batch'
import { EVENT_TOPICS, noTracing, type Tracing } from '@auto-refresh/contracts'
import type { EventSubscriber, Subscription } from '@auto-refresh/event-bus'
import { checkSchema, createPool } from '@auto-refresh/service-kit/postgres'
import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import { repeat, type Repeating } from '@auto-refresh/service-kit/timing'
import { createPostgresAuditHistory } from './adapters/postgres/create-postgres-audit-history.ts'
import { createPostgresAuditTrail } from './adapters/postgres/create-postgres-audit-trail.ts'
import { createPostgresExpiredSessions } from './adapters/postgres/create-postgres-expired-sessions.ts'
import { createCleanupMetrics } from './adapters/telemetry/create-cleanup-metrics.ts'
import { CLEANUP_WORKER_MIGRATIONS } from './cleanup-worker-migrations.ts'
import type { CleanupWorkerConfig } from './config.ts'
import { createAuditTrailReader } from './use-cases/audit-trail-reader.ts'
import { createExtendAuditTrail } from './use-cases/extend-audit-trail.ts'
import { createForgetOldEvents } from './use-cases/forget-old-events.ts'
import { createKeepEvents } from './use-cases/keep-events.ts'
import { createSweepSessions } from './use-cases/sweep-sessions.ts'

/**
 * Composition root: deletes expired sessions on a schedule and keeps the audit trail, with a pool of
 * its own.
 */
export function buildCleanupWorker({
  config,
  subscriber,
  logger,
  metrics: instruments,
  tracing = noTracing,
}: {
  config: CleanupWorkerConfig
  subscriber: EventSubscriber
  logger: Logger
  metrics: Metrics
  tracing?: Tracing
}) {
  const onError = (error: unknown) => logger.warn({ err: error }, 'Clean-up run failed, retrying')
  const pool = createPool({
    url: config.databaseUrl,
    applicationName: 'cleanup-worker',
    max: config.databasePoolSize,
    onError,
    tracing,
  })
  // An investigation must not delay the events.
  const readerPool = createPool({
    url: config.databaseUrl,
    applicationName: 'cleanup-worker reader',
    max: 2,
    onError: (error) => logger.warn({ err: error }, 'Database connection failed'),
    tracing,
  })
  const unwatch = [instruments.watchPool(pool), instruments.watchPool(readerPool)]

  const nowMs = () => Date.now()
  const metrics = createCleanupMetrics({ logger, instruments, nowMs })
  const auditTrail = createPostgresAuditTrail({ pool, nowMs })
  const inBatchesOf = (batchSize: number) =>
    createDeleteInBatches({
      batchSize,
      budgetMs: config.budgetMs,
      clock: { nowMs: () => performance.now() },
      pause: (durationMs) => pause(durationMs),
    })
  const sweepSessions = createSweepSessions({
    expiredSessions: createPostgresExpiredSessions({ pool, nowMs }),
    deleteInBatches: inBatchesOf(config.sweepBatchSize),
    metrics,
  })
  const retentionDays = config.auditRetentionDays
  const extendAuditTrail = createExtendAuditTrail({ auditTrail, retentionDays })
  const forgetOldEvents = createForgetOldEvents({
    auditTrail,
    deleteInBatches: inBatchesOf(config.batchSize),
    retentionDays,
  })
  const keepEvents = createKeepEvents({ auditTrail, metrics })

  let subscription: Subscription | undefined
  let schedules: Repeating[] = []

  return {
    /** The reads of the audit trail, for auth-api. */
    auditTrail: createAuditTrailReader({
      history: createPostgresAuditHistory({ pool: readerPool }),
    }),
    /** Resolves when the schema is checked and events are consumed; the first sweep starts at once and is not awaited. */
    async start() {
      await checkSchema({ pool, ...CLEANUP_WORKER_MIGRATIONS })
      // Before the first event. Without its partition an event is kept too, at a higher cost.
      await extendAuditTrail().catch(onError)
      subscription = await subscriber.subscribe({
        group: 'cleanup-worker',
        topics: EVENT_TOPICS,
        handleBatch: keepEvents,
      })
      schedules = [sweepSessions, extendAuditTrail, forgetOldEvents].map((run) =>
        repeat({
          everyMs: config.intervalMs,
          run,
          onError,
          isFirstAtOnce: true,
          isEachFaultReported: true,
        }),
      )
      for (const schedule of schedules) schedule.start()
    },
    async stop() {
      await Promise.all(schedules.map((schedule) => schedule.stop()))
      await subscription?.close()
      for (const end of unwatch) end()
      await Promise.all([pool.end(), readerPool.end()])
    },
  }
}
export type BuiltCleanupWorker = ReturnType<typeof buildCleanupWorker>
