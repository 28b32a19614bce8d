import { fileURLToPath } from 'node:url'
import type { AnyEvent, EventOf } from '@auto-refresh/contracts'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { createPool, migrate } from '@auto-refresh/service-kit/postgres'
import { createMetrics, createSilentLogger } from '@auto-refresh/service-kit/telemetry'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { buildCleanupWorker } from '../build-cleanup-worker.ts'
import { CLEANUP_WORKER_MIGRATIONS } from '../cleanup-worker-migrations.ts'
import { parseCleanupWorkerConfig } from '../config.ts'

const TOKEN_STORE_MIGRATIONS = {
  schema: 'token_store',
  directory: fileURLToPath(new URL('../../../token-store/migrations', import.meta.url)),
}

/** A migrated database and a pool of its owner; `stack` removes both. */
export async function openCleanupTest(
  stack: AsyncDisposableStack,
  cleanupMigrations = CLEANUP_WORKER_MIGRATIONS,
) {
  const { url } = stack.adopt(await createTestDatabase(), ({ drop }) => drop())
  for (const migrations of [TOKEN_STORE_MIGRATIONS, cleanupMigrations])
    await migrate({ url, ...migrations, log: () => undefined })
  const pool = stack.adopt(
    createPool({ url, applicationName: 'test', max: 2, onError: () => undefined }),
    (opened) => opened.end(),
  )
  return { url, pool }
}

/** Starts a worker that runs every second; `stack` stops it. */
export async function startWorker(
  stack: AsyncDisposableStack,
  {
    url,
    batchSize = 500,
    ...environment
  }: {
    url: string
    batchSize?: number
    AUDIT_RETENTION_DAYS?: string
  },
) {
  const bus = createInProcessBus()
  const metrics = createMetrics({ service: 'test', version: '0' })
  const warnings: unknown[] = []
  const logger = createSilentLogger()
  logger.warn = (...args: unknown[]) => void warnings.push(args)
  const worker = buildCleanupWorker({
    config: {
      ...parseCleanupWorkerConfig({
        DATABASE_URL: url,
        CLEANUP_INTERVAL_SECONDS: '1',
        ...environment,
      }),
      batchSize,
      sweepBatchSize: batchSize,
    },
    subscriber: bus,
    logger,
    metrics,
  })
  stack.defer(() => worker.stop())
  await worker.start()
  const value = async (name: string) =>
    Number((await metrics.scrape()).text.match(new RegExp(`^${name} (.*)$`, 'm'))?.[1])
  return { bus, value, warnings }
}

export const createRotated = (
  id: string,
  sessionSeq: number,
  time = new Date().toISOString(),
): EventOf<'session.rotated.v1'> => ({
  id: crypto.randomUUID(),
  type: 'session.rotated.v1',
  source: 'token-store',
  time,
  subject: id,
  key: id,
  data: {
    session_id: id,
    session_seq: sessionSeq,
    user_id: id,
    client_id: 'test',
    generation: sessionSeq,
    network: '10.0.0.0/24',
    agent: 'a "quoted" {agent}, \\',
    idle_until: time,
    interval_seconds: 1.234,
  },
})

export const createFailedLogin = (time = new Date().toISOString()): AnyEvent => ({
  id: crypto.randomUUID(),
  type: 'login.failed.v1',
  source: 'auth-api',
  time,
  subject: 'h',
  key: 'h',
  data: { username_hash: 'h', reason: 'invalid_credentials', network: 'n', agent: 'a' },
})
