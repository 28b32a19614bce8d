import { noTracing, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher } from '@auto-refresh/event-bus'
import {
  checkSchema,
  createPool,
  openConnections,
  toUnavailable,
  tryWhileUnavailable,
} from '@auto-refresh/service-kit/postgres'
import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import { createRefreshTokens } from './adapters/crypto/create-refresh-tokens.ts'
import { createPostgresHeartbeats } from './adapters/postgres/create-postgres-heartbeats.ts'
import { isRolledBack } from './adapters/postgres/is-rolled-back.ts'
import { createPostgresOutbox } from './adapters/postgres/create-postgres-outbox.ts'
import { createPostgresSessions } from './adapters/postgres/create-postgres-sessions.ts'
import { createTokenStoreMetrics } from './adapters/telemetry/create-token-store-metrics.ts'
import { checkRefreshTokenKeys } from './check-refresh-token-keys.ts'
import type { TokenStoreConfig } from './config.ts'
import { createServiceRecord } from './domain/service-record.ts'
import { TOKEN_STORE_MIGRATIONS } from './token-store-migrations.ts'
import { createTokenStore } from './use-cases/token-store.ts'
import { createHeartbeat } from './use-cases/heartbeat.ts'
import { createOutboxRelay } from './use-cases/outbox-relay.ts'

/**
 * Composition root. auth-api calls `tokenStore`, in process or over the internal HTTP API. Without
 * a `publisher` events stay in the outbox.
 */
export function buildTokenStore({
  config,
  publisher,
  logger,
  metrics: instruments,
  tracing = noTracing,
  nowMs = () => performance.now(),
}: {
  config: TokenStoreConfig
  publisher: EventPublisher | undefined
  logger: Logger
  metrics: Metrics
  tracing?: Tracing
  /** monotonic clock: measures how long callers wait, and detects a paused process */
  nowMs?: () => number
}) {
  const onError = (error: Error) => logger.warn({ err: error }, 'Database connection failed')
  const pool = createPool({
    url: config.databaseUrl,
    applicationName: 'token-store',
    max: config.databasePoolSize,
    onError,
    tracing,
  })
  // The relay and the requests must not wait for each other. The heartbeat uses the pool of the
  // requests: if that pool is stuck, it is a downtime.
  const backgroundPool = createPool({
    url: config.databaseUrl,
    applicationName: 'token-store background',
    max: 1,
    onError,
  })

  const metrics = createTokenStoreMetrics({ logger, instruments })
  const refreshTokens = createRefreshTokens({
    keys: config.refreshTokenKeys,
    retiredKids: config.retiredKids,
  })
  const outbox = createPostgresOutbox({ pool: backgroundPool })
  const relay =
    publisher &&
    createOutboxRelay({
      outbox,
      publisher,
      owner: crypto.randomUUID(),
      metrics,
      nowMs: () => performance.now(),
    })
  instruments.watchPool(pool)
  instruments.watchPool(backgroundPool)
  const service = createServiceRecord({ nowMs })
  const heartbeat = createHeartbeat({
    heartbeats: createPostgresHeartbeats({ pool }),
    service,
    outbox,
    metrics,
    nowMs,
  })
  const tokenStore = createTokenStore({
    sessions: createPostgresSessions({ pool, mark: service.mark }),
    refreshTokens,
    policy: { ...config, currentMacKid: refreshTokens.currentKid },
    sessionLimit: config.sessionLimit,
    isRolledBack,
    toUnavailable,
    nowMs,
    service,
    onCommit: () => relay?.nudge(),
    metrics,
    tracing,
  })

  /**
   * Checks the schema, and the keys against the database. Throws a `ConfigError` that names every
   * changed key.
   */
  async function checkKeys() {
    await checkSchema({ pool, ...TOKEN_STORE_MIGRATIONS })
    await checkRefreshTokenKeys({ pool, config })
  }

  return {
    tokenStore,
    /** Whether requests were served recently: the database accepts changes, the process runs. */
    isUp: service.isServing,
    checkKeys,
    /** Resolves when schema and keys are checked and the first heartbeat is written. */
    async start() {
      await checkKeys()
      await tryWhileUnavailable(() => openConnections(pool))
      await tryWhileUnavailable(() => heartbeat.start())
      relay?.start()
    },
    async stop() {
      await relay?.stop()
      await heartbeat.stop()
      await Promise.all([pool.end(), backgroundPool.end()])
    },
  }
}
export type BuiltTokenStore = ReturnType<typeof buildTokenStore>
