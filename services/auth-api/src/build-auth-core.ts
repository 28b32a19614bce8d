import { randomBytes, randomUUID } from 'node:crypto'
import { noTracing, type TokenStore, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher, EventSubscriber } from '@auto-refresh/event-bus'
import { createSharedClock, reportOffset } from '@auto-refresh/server/core'
import {
  checkSchema,
  createPool,
  openConnections,
  tryWhileUnavailable,
} from '@auto-refresh/service-kit/postgres'
import type { Metrics } from '@auto-refresh/service-kit/telemetry'
import { createArgon2Passwords } from './adapters/crypto/create-argon2-passwords.ts'
import { createHashUsername } from './adapters/crypto/create-hash-username.ts'
import { createDummyHashes } from './adapters/memory/create-dummy-hashes.ts'
import { createKnownUsers } from './adapters/memory/create-known-users.ts'
import { createRevocationList } from './adapters/memory/create-revocation-list.ts'
import { createPostgresLoginAudit } from './adapters/postgres/create-postgres-login-audit.ts'
import { createPostgresNotices } from './adapters/postgres/create-postgres-notices.ts'
import { createPostgresUsers } from './adapters/postgres/create-postgres-users.ts'
import { samplePasswordHashes } from './adapters/postgres/sample-password-hashes.ts'
import { createUserChanges } from './adapters/postgres/create-user-changes.ts'
import { createAuthApiMetrics } from './adapters/telemetry/create-auth-api-metrics.ts'
import { addTraceparent } from './adapters/token-store/add-traceparent.ts'
import { observeClock } from './adapters/token-store/observe-clock.ts'
import { rememberEnded } from './adapters/token-store/remember-ended.ts'
import { AUTH_API_MIGRATIONS } from './auth-api-migrations.ts'
import { buildAdministration } from './build-administration.ts'
import { buildAccessTokens } from './build-access-tokens.ts'
import { buildBackground } from './build-background.ts'
import { buildInvestigation } from './build-investigation.ts'
import { buildLimits } from './build-limits.ts'
import { buildOauth } from './build-oauth.ts'
import { buildPasswords } from './build-passwords.ts'
import { buildRefresh } from './build-refresh.ts'
import { buildSessions } from './build-sessions.ts'
import { buildSignIn } from './build-sign-in.ts'
import { checkAuthApiKeys, type CheckedKey } from './check-auth-api-keys.ts'
import type { AuthApiConfig } from './config.ts'
import { toUsernameKey } from './domain/username.ts'
import type { AuditTrailReader } from './ports/audit-trail.ts'
import type { Clock } from './ports/runtime.ts'
import type { Log } from './ports/telemetry.ts'
import { NO_AUDIT_TRAIL } from './use-cases/investigation/read-timeline.ts'
import { createDismissNotice } from './use-cases/notices/dismiss-notice.ts'
import { createAddNotice } from './use-cases/notices/add-notice.ts'
import { createSignPair } from './use-cases/refresh/sign-pair.ts'

type AuthCoreDeps = Readonly<{
  config: AuthApiConfig
  tokenStore: TokenStore
  /** without it, timelines and detections are unavailable */
  auditTrail?: AuditTrailReader
  publisher: EventPublisher
  subscriber: EventSubscriber
  log: Log
  metrics: Metrics
  /** the clock of this machine; default `Date.now` */
  clock?: Clock
  /** only where the port can be reached from this machine alone */
  allowDemoPassword?: boolean
  tracing?: Tracing
}>
export type AuthCore = ReturnType<typeof buildAuthCore>

/**
 * Builds auth-api without HTTP: the use cases over their adapters, and for the middleware the
 * verifier and the revocation list.
 */
export function buildAuthCore(deps: AuthCoreDeps) {
  const { config, publisher, subscriber, log, metrics, allowDemoPassword = false } = deps
  const { tracing = noTracing } = deps
  const { accessTtlSeconds } = config.tokens
  const elapsedMs = () => performance.now()
  const clock = reportOffset(
    createSharedClock({ wallMs: () => deps.clock?.nowMs() ?? Date.now(), elapsedMs }),
    log,
  )
  const authMetrics = createAuthApiMetrics({ metrics })
  const traced = addTraceparent(deps.tokenStore, tracing)
  const tokenStore = rememberEnded({
    tokenStore: observeClock(traced, clock, elapsedMs),
    nowMs: elapsedMs,
  })
  const pool = createPool({
    url: config.databaseUrl,
    applicationName: 'auth-api',
    max: config.databasePoolSize,
    onError: (error) => log.warn({ err: error }, 'Database connection failed'),
    tracing,
  })

  const listenerPool = createPool({
    url: config.databaseUrl,
    applicationName: 'auth-api listener',
    max: 1,
    onError: () => {},
  })
  const userChanges = createUserChanges({ pool, listenerPool, elapsedMs, log })
  const users = createPostgresUsers({ pool, onChanged: (id) => knownUsers.userChanged(id) })
  const audit = createPostgresLoginAudit({ pool })
  const notices = createPostgresNotices({ pool })
  const dummies = createDummyHashes({ sample: () => samplePasswordHashes(pool), elapsedMs, log })
  const passwords = createArgon2Passwords({ randomBytes, pickDummy: dummies.pick })
  const hashUsername = createHashUsername({ key: config.usernameHashKey })
  const limits = buildLimits({ config, audit, hashUsername, metrics, log })
  const revocations = createRevocationList({
    tokenStore,
    metrics: authMetrics,
    elapsedMs,
    log,
    accessTtlSeconds,
  })
  const accessTokens = buildAccessTokens({ config, pool, revocations, clock, log })
  const { signingKeys, checkAccessToken, retiredKeys, roleChanges } = accessTokens
  const knownUsers = createKnownUsers({
    findByIds: (ids) => users.findByIds(ids),
    clock,
    roleChanges,
    changes: userChanges,
  })
  const signPair = createSignPair({
    signingKeys,
    policy: config.tokens,
    clock,
    createId: randomUUID,
  })

  const shared = {
    tokenStore,
    users,
    knownUsers,
    revocations,
    signPair,
    limits,
    events: { publisher, metrics: authMetrics, clock, createId: randomUUID, log, tracing },
    metrics: authMetrics,
    clock,
    log,
    accessTtlSeconds,
  }
  const { limitRefused, limitEnded, flushRefusalEvents, ...refreshing } = buildRefresh({
    ...shared,
    accessTokens,
  })
  const { loadFamiliar, flushLoginEvents, forPasswords, ...signingIn } = buildSignIn({
    ...shared,
    audit,
    passwords,
    hashUsername,
    elapsedMs,
    allowDemoPassword,
  })
  const { deliverRevocations, ...sessions } = buildSessions({
    ...shared,
    checkAccessToken,
    limitRefused,
    limitEnded,
  })
  const administration = buildAdministration({
    ...shared,
    pool,
    onUserChanged: (id) => knownUsers.userChanged(id),
    passwords,
    hashUsername,
    deliverRevocations,
    checkAccessToken,
    limitRefused,
  })
  const investigation = buildInvestigation({
    pool,
    auditTrail: deps.auditTrail ?? NO_AUDIT_TRAIL,
    users,
    log,
  })
  const changingPasswords = buildPasswords({
    ...shared,
    ...forPasswords,
    pool,
    onChanged: (id) => knownUsers.userChanged(id),
    passwords,
    hashUsername,
    deliverRevocations,
  })
  const background = buildBackground({
    pool,
    subscriber,
    deliverRevocations,
    addNotice: createAddNotice({ notices }),
    metrics,
    log,
    auditRetentionDays: config.auditRetentionDays,
    clock,
  })
  const unwatch = [
    metrics.watchPool(pool),
    metrics.onScrape(() => metrics.revocationFeedAge.set(revocations.feedAgeMs() / 1000)),
    metrics.onScrape(() => metrics.revocationListSessions.set(revocations.size())),
    metrics.onScrape(() => metrics.clockOffset.set(clock.offsetMs() / 1000)),
  ]

  /**
   * Checks the schema, and the keys against the database. Throws a `ConfigError` that names every
   * wrong key.
   */
  async function checkKeys(names?: readonly CheckedKey[]): Promise<void> {
    await checkSchema({ pool, ...AUTH_API_MIGRATIONS })
    await checkAuthApiKeys({ pool, config, randomBytes, ...(names && { names }) })
  }

  return {
    /** the time of token-store, which dates and judges all tokens */
    clock,
    checkKeys,
    ...signingIn,
    ...refreshing,
    ...sessions,
    ...changingPasswords,
    getTokenStatus: accessTokens.getTokenStatus,
    listNotices: ({ userId }: { userId: string }) => notices.list(userId),
    dismissNotice: createDismissNotice({ notices }),
    administration: { ...administration, ...investigation },
    users: administration.users,
    /** Checks form, signature, claims and expiry only; the middleware adds `isRevoked`. */
    verifyAccessToken: accessTokens.verifyAccessToken,
    isRevoked: (sessionId: string) => revocations.isRevoked(sessionId),
    checkAccessToken,
    /** Returns the hash of a user name in events and in the audit trail. */
    hashUsername: (username: string) => hashUsername(toUsernameKey(username)),
    jwks: () => signingKeys.jwks(),
    revocationFeed: { ...revocations, retiredKids: retiredKeys.kids, roleChanges },
    keys: signingKeys.administration,
    ...buildOauth({
      ...shared,
      pool,
      checkAccessToken,
      openExternalSession: signingIn.openExternalSession,
      trustedIssuers: config.trustedIssuers,
    }),

    /**
     * Checks schema and keys, reads the whole revocation list, opens the signing keys, then starts
     * the background jobs. When the signal aborts, throws its reason.
     */
    async start(signal?: AbortSignal): Promise<void> {
      await checkKeys()
      limits.start()
      await tryWhileUnavailable(() => openConnections(pool))
      // First, because its responses set the clock that decides about signing keys.
      await revocations.start(signal)
      signal?.throwIfAborted()
      await accessTokens.start()
      await loadFamiliar()
      await dummies.load()
      unwatch.push(
        metrics.onScrape(() =>
          metrics.signingKeyAge.set((clock.nowMs() - signingKeys.activeSinceMs()) / 1000),
        ),
      )
      userChanges.start(knownUsers)
      await background.start()
    },
    /** Stops in reverse order. Safe after a start that failed half-way. */
    async stop(): Promise<void> {
      await background.stop()
      await userChanges.stop()
      await revocations.stop()
      await accessTokens.stop()
      await Promise.all([flushLoginEvents(), flushRefusalEvents()])
      await limits.stop()
      for (const end of unwatch) end()
      await Promise.all([pool.end(), listenerPool.end()])
    },
  }
}
