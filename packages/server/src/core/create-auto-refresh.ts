import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { CodedError, type AccessTokenClaims } from '@auto-refresh/contracts'
import { readAutoRefreshOptions, type AutoRefreshOptions } from './auto-refresh-options.ts'
import { createAccessTokenVerifier } from './create-access-token-verifier.ts'
import { createGuard } from './create-guard.ts'
import { createOutageLog } from './create-outage-log.ts'
import { createSettingsCheck } from './create-settings-check.ts'
import type { AccessTokenCheck, Guard, GuardDecision } from './guard.ts'
import { isDue } from './is-due.ts'
import { isRoleStale } from './is-role-stale.ts'
import { consoleLog, type DebugLog } from './log.ts'
import { callAuthApi } from './remote/call-auth-api.ts'
import { createHttpRenewal } from './remote/create-http-renewal.ts'
import { createRemoteKeys } from './remote/create-remote-keys.ts'
import { createRevocationFeed } from './remote/create-revocation-feed.ts'
import { reportOffset } from './report-offset.ts'
import { createSharedClock } from './shared-clock.ts'
import { toRefusal } from './to-refusal.ts'

/**
 * `start` waits this long for keys and revocations, so that a start together with auth-api causes
 * no 503.
 */
const READY_WAIT_MS = 5000

/** The guard of a back end, and what keeps it current. */
export type AutoRefresh = Readonly<{
  /** Decides about one request. Never rejects: an internal error is a refusal with 503. */
  check: Guard['check']
  /** Converts the error of a refusal into the response of auth-api. */
  toRefusal: typeof toRefusal
  /**
   * Starts to read keys and revocations, and resolves when both have been read once, at the latest
   * after 5 s. Never rejects; a second call only waits.
   */
  start(): Promise<void>
  /** Stops reading. Afterwards no token can be judged for long. */
  stop(): Promise<void>
  /** Whether keys and revocations have been read once; until then every request gets a 503. */
  isReady(): boolean
  /**
   * Age of the revocation list in seconds, including auth-api's own delay. Above 5, revoked access
   * tokens may still be accepted.
   */
  feedAgeSeconds(): number
}>

/**
 * Creates everything that a back end other than auth-api needs. Access tokens are verified here,
 * offline, and checked against auth-api's revocations, which are read every second. auth-api
 * refreshes tokens that are due. While auth-api is unavailable, live access tokens are accepted and
 * expired ones get a 503. Throws a `TypeError` for options that cannot work.
 */
export function createAutoRefresh(options: AutoRefreshOptions): AutoRefresh {
  const { issuer, audience, base, jwksUrl, apiKey, refresh, autoRefreshThreshold, cookie } =
    readAutoRefreshOptions(options)
  const log: DebugLog = options.log ?? consoleLog
  const elapsedMs = () => performance.now()
  const clock = reportOffset(createSharedClock({ wallMs: () => Date.now(), elapsedMs }), log)
  const keys = createRemoteKeys({ url: jwksUrl, callAuthApi, elapsedMs, log })
  const feed = createRevocationFeed({
    url: `${base}/api/v1/auth/revocations`,
    key: apiKey,
    callAuthApi,
    elapsedMs,
    log,
    clock,
    onRetired: keys.expectChange,
  })
  const verify = createAccessTokenVerifier({
    findKey: keys.find,
    isRetiredKey: feed.isRetiredKey,
    issuer,
    audience,
    clock,
  })
  const checkSettings = createSettingsCheck({
    findKey: keys.find,
    settings: { issuer, audience },
    clock,
    log,
  })
  const logOutage = createOutageLog(clock)
  let isReady = false
  let isStarted = false
  const ready = Promise.all([keys.read, feed.read]).then(() => void (isReady = true))

  const guard = createGuard({
    checkAccessToken,
    renewal: refresh
      ? createHttpRenewal({
          url: `${base}/api/v1/auth/renewals`,
          key: apiKey,
          callAuthApi,
          createId: randomUUID,
          nowMs: clock.nowMs,
          elapsedMs,
          isUnavailable: feed.isUnavailable,
          log,
        })
      : undefined,
    isDue: (claims: AccessTokenClaims) =>
      isDue(claims, {
        nowMs: clock.nowMs(),
        thresholdSeconds: Math.min(autoRefreshThreshold, (claims.exp - claims.iat) / 2),
      }),
    cookie,
    clock,
    log,
    debug: log.debug === undefined ? undefined : (...line) => log.debug?.(...line),
  })

  async function checkAccessToken(token: string | undefined): Promise<AccessTokenCheck> {
    if (token === undefined) return { outcome: 'missing' }
    if (!isReady)
      throw new CodedError('unavailable', {
        cause: new Error('Keys and revocations have not been read from auth-api yet'),
      })
    const verified = await verify(token)
    if (verified.outcome === 'invalid') await checkSettings(token)
    if (!('claims' in verified)) return verified
    const { claims } = verified
    if (feed.isRevoked(claims.sid)) return { outcome: 'revoked', claims }
    return isRoleStale(claims, feed.roleChangeOf(claims.sub))
      ? { outcome: 'expired', claims }
      : verified
  }

  return {
    async check(request, user) {
      const decision = await guard.check(request, user).catch(toFault)
      if (decision.outcome === 'refused') logOutage(decision.error, request.log ?? log)
      return decision
    },
    toRefusal,
    async start() {
      if (!isStarted) {
        keys.start()
        feed.start()
      }
      isStarted = true
      await Promise.race([ready, pause(READY_WAIT_MS, undefined, { ref: false })])
    },
    async stop() {
      await Promise.all([keys.stop(), feed.stop()])
    },
    isReady: () => isReady,
    feedAgeSeconds: () => feed.ageMs() / 1000,
  }
}

const toFault = (cause: unknown): GuardDecision => ({
  outcome: 'refused',
  error: new CodedError('unavailable', { cause }),
})
