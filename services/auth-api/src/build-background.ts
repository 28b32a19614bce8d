import { SESSION_EVENTS_TOPIC } from '@auto-refresh/contracts'
import type { EventSubscriber } from '@auto-refresh/event-bus'
import type { Metrics } from '@auto-refresh/service-kit/telemetry'
import { repeat } from '@auto-refresh/service-kit/timing'
import type { Pool } from 'pg'
import { oldestPendingSeconds } from './adapters/postgres/pending-revocations.ts'
import { buildDeleteOldRecords } from './build-delete-old-records.ts'
import type { Clock } from './ports/runtime.ts'
import type { Log } from './ports/telemetry.ts'
import type { DeliverRevocations } from './use-cases/sessions/deliver-revocations.ts'
import type { AddNotice } from './use-cases/notices/add-notice.ts'

const DELIVER_MS = 500
const PENDING_AGE_MS = 5000
const RETENTION_MS = 60_000

type BackgroundDeps = Readonly<{
  pool: Pool
  subscriber: EventSubscriber
  deliverRevocations: DeliverRevocations
  addNotice: AddNotice
  metrics: Pick<
    Metrics,
    'eventsProcessed' | 'pendingRevocationsOldest' | 'signInsOldest' | 'signInsRetention'
  >
  log: Log
  auditRetentionDays: number
  clock: Clock & { isDoubtful(): boolean }
}>

/**
 * Builds the background jobs: delivering pending revocations, adding notices and deleting old
 * records.
 */
export function buildBackground({
  pool,
  subscriber,
  deliverRevocations,
  addNotice,
  metrics,
  log,
  auditRetentionDays,
  clock,
}: BackgroundDeps) {
  const warn = (message: string) => (error: unknown) => log.warn({ err: error }, message)
  const stopping = new AbortController()
  const loops = [
    repeat({
      everyMs: DELIVER_MS,
      run: () => deliverRevocations(),
      onError: warn('Delivering pending revocations failed, retrying'),
    }),
    repeat({
      everyMs: PENDING_AGE_MS,
      run: async () => metrics.pendingRevocationsOldest.set(await oldestPendingSeconds(pool)),
      onError: warn('Reading the age of pending revocations failed'),
    }),
    repeat({
      everyMs: RETENTION_MS,
      run: buildDeleteOldRecords({
        pool,
        clock,
        retentionDays: auditRetentionDays,
        metrics,
        signal: stopping.signal,
      }),
      onError: warn('Deleting old sign-ins and notices failed, retrying'),
    }),
  ]
  const closers: (() => Promise<void>)[] = []

  return {
    async start() {
      const subscription = await subscriber.subscribe({
        group: 'auth-api',
        topics: [SESSION_EVENTS_TOPIC],
        async handleBatch(events) {
          for (const event of events) {
            const count = (result: 'handled' | 'failed') =>
              metrics.eventsProcessed.inc({ consumer: 'auth-api', type: event.type, result })
            await addNotice(event).catch((error: unknown) => {
              count('failed')
              throw error
            })
            count('handled')
          }
        },
      })
      closers.push(() => subscription.close())
      for (const loop of loops) loop.start()
    },
    async stop() {
      stopping.abort()
      await Promise.all(loops.map((loop) => loop.stop()))
      for (const close of closers.splice(0)) await close()
    },
  }
}
