import { noTracing, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher } from '@auto-refresh/event-bus'
import {
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
import { createReport } from './adapters/telemetry/create-report.ts'
import { checkRefreshTokenKeys } from './check-refresh-token-keys.ts'
import { checkTokenStoreSchema } from './check-token-store-schema.ts'
import type { TokenStoreConfig } from './config.ts'
import { createServiceRecord } from './domain/service-record.ts'
import { createTokenStore } from './use-cases/token-store.ts'
import { createHeartbeat } from './use-cases/heartbeat.ts'
import { createOutboxRelay } from './use-cases/outbox-relay.ts'

/**
 * Composition root. `tokenStore` is what auth-api calls, in process or over the internal HTTP API.
 * Without a publisher events wait in the outbox.
 */
export function buildTokenStore({
  config,
  publisher,
  logger,
  metrics,
  tracing = noTracing,
  nowMs = () => performance.now(),
}: {
  config: TokenStoreConfig
  publisher: EventPublisher | undefined
  logger: Logger
  metrics: Metrics
  tracing?: Tracing
  /** monotonic: how long a caller has waited, and whether this process has stood still */
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
  // The relay must not wait behind requests, nor requests behind it. The heart beats through the
  // requests' pool: a stuck one is a downtime.
  const backgroundPool = createPool({
    url: config.databaseUrl,
    applicationName: 'token-store background',
    max: 1,
    onError,
  })

  const report = createReport({ logger, metrics })
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
      report,
      nowMs: () => performance.now(),
    })
  metrics.watchPool(pool)
  metrics.watchPool(backgroundPool)
  const service = createServiceRecord({ nowMs })
  const heart = createHeartbeat({
    heartbeats: createPostgresHeartbeats({ pool }),
    service,
    outbox,
    report,
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
    report,
    tracing,
  })

  /**
   * Checks the schema, and the keys against the database. Throws a `ConfigError` that names every
   * changed key.
   */
  async function checkKeys() {
    await checkTokenStoreSchema(pool)
    await checkRefreshTokenKeys({ pool, config })
  }

  return {
    tokenStore,
    /**
     * whether the last sign of service is young: the database takes changes, and this process has
     * not stood still
     */
    isUp: service.isServing,
    checkKeys,
    /** Resolves when schema and keys are right and the first heartbeat is written. */
    async start() {
      await checkKeys()
      await tryWhileUnavailable(() => openConnections(pool))
      await tryWhileUnavailable(() => heart.start())
      relay?.start()
    },
    async stop() {
      await relay?.stop()
      await heart.stop()
      await Promise.all([pool.end(), backgroundPool.end()])
    },
  }
}
export type BuiltTokenStore = ReturnType<typeof buildTokenStore>
