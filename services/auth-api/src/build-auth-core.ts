import { randomBytes, randomUUID } from 'node:crypto'
import { noTracing, type RotateRequest, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher, EventSubscriber } from '@auto-refresh/event-bus'
import {
  createAccessTokenVerifier,
  createSharedClock,
  isDue as isDueBy,
  reportOffset,
  type SharedClock,
} from '@auto-refresh/server/core'
import {
  checkSchema,
  createPool,
  openConnections,
  tryWhileUnavailable,
} from '@auto-refresh/service-kit/postgres'
import type { Metrics } from '@auto-refresh/service-kit/telemetry'
import { createArgon2Passwords } from './adapters/crypto/create-argon2-passwords.ts'
import { createDeviceProofs } from './adapters/crypto/create-device-proofs.ts'
import { createHashUsername } from './adapters/crypto/create-hash-username.ts'
import { createLoginEvents } from './adapters/events/create-login-events.ts'
import { createRefusalEvents } from './adapters/events/create-refusal-events.ts'
import { createBoundedLimiter } from './adapters/limits/create-bounded-limiter.ts'
import { createFamiliarSignIns } from './adapters/memory/create-familiar-sign-ins.ts'
import { createKnownUsers } from './adapters/memory/create-known-users.ts'
import { createRetiredKeys } from './adapters/memory/create-retired-keys.ts'
import { createRevocationList } from './adapters/memory/create-revocation-list.ts'
import { createRoleChanges } from './adapters/memory/create-role-changes.ts'
import { createPostgresLoginAudit } from './adapters/postgres/create-postgres-login-audit.ts'
import { createPostgresNotices } from './adapters/postgres/create-postgres-notices.ts'
import { createPostgresUsers } from './adapters/postgres/create-postgres-users.ts'
import { readRoleChanges } from './adapters/postgres/role-change-rows.ts'
import { readRetiredKids } from './adapters/postgres/signing-key-rows.ts'
import { createRecorder } from './adapters/telemetry/create-recorder.ts'
import { rememberEnded } from './adapters/token-store/remember-ended.ts'
import { buildBackground } from './build-background.ts'
import { buildLoadFamiliar } from './build-load-familiar.ts'
import { buildLimits } from './build-limits.ts'
import { buildSigningKeys } from './build-signing-keys.ts'
import { checkAuthApiKeys, type CheckedKey } from './check-auth-api-keys.ts'
import type { AuthApiConfig } from './config.ts'
import { toUsernameKey } from './domain/username.ts'
import { AUTH_API_MIGRATIONS } from './auth-api-migrations.ts'
import type { TokenStore } from '@auto-refresh/contracts'
import type { IsDue } from './ports/refresh.ts'
import type { Clock } from './ports/runtime.ts'
import type { Log } from './ports/telemetry.ts'
import { createAutoRefresh } from './use-cases/refresh/auto-refresh.ts'
import { createCheckAccessToken } from './use-cases/sessions/check-access-token.ts'
import { createChooseRefreshToken } from './use-cases/refresh/choose-refresh-token.ts'
import { createDeliverRevocations } from './use-cases/sessions/deliver-revocations.ts'
import { createDismissNotice } from './use-cases/notices/dismiss-notice.ts'
import { createEndSession } from './use-cases/sessions/end-session.ts'
import { createFindLiveSession } from './use-cases/sessions/find-live-session.ts'
import { createFindProvenSession } from './use-cases/sessions/find-proven-session.ts'
import { createLeaveNotice } from './use-cases/notices/leave-notice.ts'
import { createLimitEnded, createLimitRefused } from './use-cases/refresh/limit-refused.ts'
import { createListNotices } from './use-cases/notices/list-notices.ts'
import { createListSessions } from './use-cases/sessions/list-sessions.ts'
import { createPeekRefresh } from './use-cases/refresh/peek-refresh.ts'
import { createRecordLogin } from './use-cases/sign-in/record-login.ts'
import { createRefresh } from './use-cases/refresh/refresh.ts'
import { createRefuseRefresh } from './use-cases/refresh/refuse-refresh.ts'
import { createSignIn } from './use-cases/sign-in/sign-in.ts'
import { createSignOutEverywhere } from './use-cases/sessions/sign-out-everywhere.ts'
import { createSignOut } from './use-cases/sessions/sign-out.ts'
import { createSignPair } from './use-cases/refresh/sign-pair.ts'
import { createTellRefusal } from './use-cases/refresh/tell-refusal.ts'
import { createGetTokenStatus } from './use-cases/sessions/get-token-status.ts'
import { createUserAdministration } from './use-cases/users/user-administration.ts'

/** Every request is answered within 3 s: this much of it may be spent waiting for a turn. */
const PATIENCE_MS = 2400
/** Enough to be counted as an attack; more of one address is not told. */
const TOLD_REFUSALS = { points: 60, seconds: 60 }

type AuthCoreDeps = Readonly<{
  config: AuthApiConfig
  tokenStore: TokenStore
  publisher: EventPublisher
  subscriber: EventSubscriber
  log: Log
  metrics: Metrics
  clock?: Clock
  /** only where nobody but this machine can reach the port */
  allowDemoPassword?: boolean
  tracing?: Tracing
}>
export type AuthCore = ReturnType<typeof buildAuthCore>

/**
 * auth-api without HTTP: every use case over its adapters, the verifier and the revocation list for
 * the middleware.
 */
export function buildAuthCore(deps: AuthCoreDeps) {
  const {
    config,
    publisher,
    subscriber,
    log,
    metrics,
    allowDemoPassword = false,
    tracing = noTracing,
  } = deps
  const elapsedMs = () => performance.now()
  const clock = reportOffset(
    createSharedClock({ wallMs: () => deps.clock?.nowMs() ?? Date.now(), elapsedMs }),
    log,
  )
  const {
    issuer,
    audience,
    accessTtlSeconds,
    dueThresholdSeconds: thresholdSeconds,
  } = config.tokens
  const createId = randomUUID
  const recorder = createRecorder({ metrics })
  const traced = nameTraces(deps.tokenStore, tracing)
  const tokenStore = rememberEnded({
    tokenStore: readClock(traced, clock, elapsedMs),
    nowMs: elapsedMs,
  })
  const pool = createPool({
    url: config.databaseUrl,
    applicationName: 'auth-api',
    max: config.databasePoolSize,
    onError: (error) => log.warn({ err: error }, 'Database connection failed'),
    tracing,
  })

  const users = createPostgresUsers({ pool })
  const audit = createPostgresLoginAudit({ pool })
  const notices = createPostgresNotices({ pool })
  const passwords = createArgon2Passwords({ randomBytes })
  const familiar = createFamiliarSignIns()
  const loadFamiliar = buildLoadFamiliar({ audit, familiar, elapsedMs, log })
  const hashUsername = createHashUsername({ key: config.usernameHashKey })
  const loginEvents = createLoginEvents({ publisher, recorder, clock, createId, log, tracing })
  const refusalEvents = createRefusalEvents({ publisher, recorder, clock, createId, log, tracing })
  const limits = buildLimits({ config, audit, hashUsername, metrics, log })
  const signingKeys = buildSigningKeys({
    config,
    pool,
    readRetired: () => retiredKeys.refresh(),
    randomBytes,
    clock,
    log,
  })
  const revocations = createRevocationList({
    tokenStore,
    recorder,
    elapsedMs,
    log,
    accessTtlSeconds,
  })
  const roleChanges = createRoleChanges({ read: () => readRoleChanges(pool), log })
  const knownUsers = createKnownUsers({
    findByIds: (ids) => users.findByIds(ids),
    clock,
    roleChanges,
  })

  const retiredKeys = createRetiredKeys({
    read: () => readRetiredKids(pool),
    // another process may have retired the key with which this one signs
    async onChange({ isRetired }) {
      await signingKeys.reload()
      // A reload that was under way may have read the keys before the change.
      if (signingKeys.jwks().keys.some(({ kid = '' }) => isRetired(kid))) await signingKeys.reload()
    },
    log,
  })
  const verifyAccessToken = createAccessTokenVerifier({
    findKey: signingKeys.findPublicKey,
    isRetiredKey: retiredKeys.isRetired,
    issuer,
    audience,
    clock,
  })
  const isDue: IsDue = (claims) => isDueBy(claims, { nowMs: clock.nowMs(), thresholdSeconds })
  const checkAccessToken = createCheckAccessToken({
    verify: verifyAccessToken,
    revocations,
    roleChanges,
  })
  const signPair = createSignPair({ signingKeys, policy: config.tokens, clock, createId })
  const recordLogin = createRecordLogin({ audit, events: loginEvents, recorder, log })
  const limitRefused = createLimitRefused({ limit: limits.refusedRefreshLimit, recorder })
  const limitEnded = createLimitEnded({ limit: limits.endedLimit, recorder })
  const refuseRefresh = createRefuseRefresh({
    limitRefused,
    limitEnded,
    lines: limits.refusalLines,
  })
  const tellRefusal = createTellRefusal({
    events: refusalEvents,
    limit: createBoundedLimiter({ limit: TOLD_REFUSALS }),
  })
  const findProvenSession = createFindProvenSession({
    checkAccessToken,
    tokenStore,
    limitRefused,
    limitEnded,
  })
  const findLiveSession = createFindLiveSession({
    checkAccessToken,
    tokenStore,
    findProvenSession,
    limitEnded,
    accessTtlSeconds,
  })
  const deliverRevocations = createDeliverRevocations({ users, tokenStore, revocations })
  const refresh = createRefresh({
    tokenStore,
    knownUsers,
    revocations,
    signPair,
    refuseRefresh,
    tellRefusal,
    recorder,
    log,
    accessTtlSeconds,
  })
  const background = buildBackground({
    pool,
    subscriber,
    deliverRevocations,
    leaveNotice: createLeaveNotice({ notices }),
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
    /** token-store's time, for everything that judges or dates a token */
    clock,
    checkKeys,
    isSignInShed: (block: string) => passwords.isBusy() && !familiar.hasBlock(block),
    signIn: createSignIn({
      knownUsers,
      allowDemoPassword,
      users,
      passwords,
      throttle: limits.throttle,
      familiar,
      deviceProofs: createDeviceProofs({ hashUsername, randomBytes, clock }),
      signInLimit: limits.signInLimit,
      tokenStore,
      signPair,
      recordLogin,
      hashUsername,
      startPatience: () => AbortSignal.timeout(PATIENCE_MS),
      recorder,
      log,
      accessTtlSeconds,
    }),
    refresh,
    autoRefresh: createAutoRefresh({
      refresh,
      tokenStore,
      lookLimit: limits.lookLimit,
      checkAccessToken,
      isDue,
      recorder,
      clock,
      accessTtlSeconds,
    }),
    peekRefresh: createPeekRefresh({
      tokenStore,
      knownUsers,
      refuseRefresh,
      tellRefusal,
      recorder,
      log,
      accessTtlSeconds,
    }),
    chooseRefreshToken: createChooseRefreshToken({
      tokenStore,
      checkAccessToken,
      accessTtlSeconds,
    }),
    signOut: createSignOut({ findProvenSession, tokenStore, revocations, log }),
    signOutEverywhere: createSignOutEverywhere({
      findLiveSession,
      users,
      deliverRevocations,
      revocations,
      log,
    }),
    getTokenStatus: createGetTokenStatus({ checkAccessToken, isDue, clock }),
    listSessions: createListSessions({ tokenStore }),
    endSession: createEndSession({ tokenStore, revocations, log }),
    listNotices: createListNotices({ notices }),
    dismissNotice: createDismissNotice({ notices }),
    users: createUserAdministration({ users, passwords, deliverRevocations, log }),
    /** form, signature, claims and expiry alone; with `isRevoked` what the middleware needs */
    verifyAccessToken,
    isRevoked: (sessionId: string) => revocations.isRevoked(sessionId),
    checkAccessToken,
    /** as a user name stands in events and in the audit trail */
    hashUsername: (username: string) => hashUsername(toUsernameKey(username)),
    jwks: () => signingKeys.jwks(),
    revocationFeed: { ...revocations, retiredKids: retiredKeys.kids, roleChanges },
    keys: signingKeys.administration,

    /**
     * Checks schema and keys, reads the revocation list whole, opens the signing keys, then starts
     * what runs in the background. A signal calls it off: its reason is thrown.
     */
    async start(signal?: AbortSignal): Promise<void> {
      await checkKeys()
      limits.start()
      await tryWhileUnavailable(() => openConnections(pool))
      // first, for the clock that its answers bring: by it signing keys are changed
      await revocations.start(signal)
      signal?.throwIfAborted()
      await tryWhileUnavailable(() => signingKeys.start())
      await tryWhileUnavailable(() => retiredKeys.start())
      await loadFamiliar()
      await tryWhileUnavailable(() => roleChanges.start())
      unwatch.push(
        metrics.onScrape(() =>
          metrics.signingKeyAge.set((clock.nowMs() - signingKeys.activeSinceMs()) / 1000),
        ),
      )
      await background.start()
    },
    /** In reverse; safe after a start that failed half-way. */
    async stop(): Promise<void> {
      await background.stop()
      await revocations.stop()
      await roleChanges.stop()
      await retiredKeys.stop()
      await signingKeys.stop()
      await Promise.all([loginEvents.flush(), refusalEvents.flush()])
      await limits.stop()
      for (const end of unwatch) end()
      await pool.end()
    },
  }
}

/** Each answer about revocations brings token-store's time along, every half second. */
function readClock(
  tokenStore: TokenStore,
  clock: Pick<SharedClock, 'observe'>,
  elapsedMs: () => number,
): TokenStore {
  return {
    ...tokenStore,
    async revocations(request) {
      const sentAtMs = elapsedMs()
      const answer = await tokenStore.revocations(request)
      clock.observe({ serverMs: answer.nowMs, sentAtMs, heardAtMs: elapsedMs() })
      return answer
    },
  }
}

/**
 * What is carried out in batches says in whose trace, for the batch runs in none of its requests'.
 */
function nameTraces(tokenStore: TokenStore, tracing: Tracing): TokenStore {
  const named = (request: RotateRequest) => {
    const traceparent = tracing.current()
    return traceparent === undefined ? request : { ...request, traceparent }
  }
  return {
    ...tokenStore,
    rotate: (request) => tokenStore.rotate(named(request)),
    peek: (request) => tokenStore.peek(named(request)),
  }
}
