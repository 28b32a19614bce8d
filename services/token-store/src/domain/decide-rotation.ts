import type { ClientContext, RevokeReason } from '@auto-refresh/contracts'
import { assessReplay, rememberRotator, type Assessment } from './assess-replay.ts'
import { decideRevocation } from './decide-revocation.ts'
import { isExpired, secondsBetween, toEvent, toIso, type Change, type Session } from './session.ts'
import { refill, takeToken, type Limit } from './token-bucket.ts'
import type { Clock } from './uptime.ts'

/** A refresh token whose MAC was right, and the request that carried it. */
export type Presented = Readonly<{
  sessionId: string
  generation: number
  nonceHash: string
  attemptHash: string | null
  expectedSessionId: string | undefined
  context: ClientContext
  accessTtlMs: number
}>

export type RotationPolicy = Readonly<{
  /** the replay window W; 0 turns it off */
  graceMs: number
  refreshTtlMs: number
  rotationLimit: Limit
  replayLimit: Limit
  replayContext: 'warn' | 'strict'
  currentMacKid: number
}>

export type RotationDecision =
  | { outcome: 'rotated' | 'replayed' | 'regressed'; change: Change; intervalSeconds: number }
  | { outcome: 'reused'; change: Change }
  | { outcome: 'revoked'; reason: RevokeReason }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }
  | { outcome: 'invalid' | 'expired' | 'unknown_session' | 'session_mismatch' }

/** A database that went back further than this many rotations is not believed to have. */
const FARTHEST_REGRESSION = 1_000
/** No restore and no failover of a database takes less. */
const SHORTEST_RESTORE_MS = 10_000

/**
 * The heart of the product: what becomes of a session when a refresh token is presented (RFC 9700,
 * section 4.14.2). Pure and total. Order is by integer generation, never by time (Keycloak #50999);
 * a refusal changes nothing (Keycloak #49213); a replay changes nothing that a later decision about
 * time or generation looks at.
 */
export function decideRotation(
  stored: Session | undefined,
  presented: Presented,
  clock: Clock,
  policy: RotationPolicy,
): RotationDecision {
  if (
    presented.expectedSessionId !== undefined &&
    presented.expectedSessionId !== presented.sessionId
  ) {
    return { outcome: 'session_mismatch' }
  }
  if (stored === undefined) return decideUnknown(presented.sessionId, clock.nowMs, policy)
  const session = withoutFuture(stored, clock.nowMs)
  // Both are SHA-256 of a nonce that the MAC vouches for, so a plain comparison gives nothing away.
  if (session.nonceHash !== presented.nonceHash) return { outcome: 'invalid' }
  if (presented.generation > session.generation + FARTHEST_REGRESSION) return { outcome: 'invalid' }
  if (session.revokeReason !== null) return { outcome: 'revoked', reason: session.revokeReason }
  if (isExpired(session, clock.nowMs)) return { outcome: 'expired' }

  if (presented.generation >= session.generation)
    return decideSuccessor(session, presented, clock, policy)
  const sameAttempt =
    presented.generation === session.generation - 1 &&
    presented.attemptHash !== null &&
    presented.attemptHash === session.attemptHash
  if (!sameAttempt && !isInWindow(session, presented.generation, clock, policy.graceMs))
    return decideReuse(session, presented, clock)

  const assessment = assessReplay(session, presented.context, sameAttempt)
  if (assessment.isForeign && policy.replayContext === 'strict')
    return decideReuse(session, presented, clock)
  return decideReplay(session, presented, clock, policy, assessment)
}

/**
 * Times later than now were written before the database's clock went back. They count from the
 * first look on: otherwise nothing would be a reuse until the clock has caught up.
 */
function withoutFuture(session: Session, nowMs: number): Session {
  const { rotatedAtMs, markAtMs, regressedAtMs } = session
  if (Math.max(rotatedAtMs, markAtMs, regressedAtMs ?? 0) <= nowMs) return session
  return {
    ...session,
    rotatedAtMs: Math.min(rotatedAtMs, nowMs),
    markAtMs: Math.min(markAtMs, nowMs),
    regressedAtMs: regressedAtMs === null ? null : Math.min(regressedAtMs, nowMs),
  }
}

/**
 * A session id is a uuidv7, so it tells its age: too old to be kept, or lost by us (a restore, a
 * wrong database).
 */
function decideUnknown(sessionId: string, nowMs: number, policy: RotationPolicy): RotationDecision {
  const createdAtMs = Number.parseInt(sessionId.replaceAll('-', '').slice(0, 12), 16)
  return { outcome: nowMs - createdAtMs > policy.refreshTtlMs ? 'expired' : 'unknown_session' }
}

function decideSuccessor(
  session: Session,
  presented: Presented,
  clock: Clock,
  policy: RotationPolicy,
): RotationDecision {
  const regressed = presented.generation > session.generation
  if (regressed && contradictsRegression(session, clock, policy.graceMs))
    return decideReuse(session, presented, clock)
  const bucket = takeToken(
    policy.rotationLimit,
    { tokens: session.rotationTokens, atMs: session.bucketAtMs },
    clock.nowMs,
  )
  if (!bucket.taken) return { outcome: 'rate_limited', retryAfterSeconds: bucket.retryAfterSeconds }

  const { nowMs } = clock
  const next: Session = {
    ...session,
    ...advanceFloor(session, clock, policy.graceMs),
    ...rememberRotator(session, presented.context),
    ...(regressed ? { regressedAtMs: toRegressedAt(session, clock, policy.graceMs) } : {}),
    generation: presented.generation + 1,
    macKid: policy.currentMacKid,
    rotatedAtMs: nowMs,
    idleUntilMs: Math.min(nowMs + policy.refreshTtlMs, session.expiresAtMs),
    attemptHash: presented.attemptHash,
    seq: session.seq + 1,
    accessExpiresAtMs: extendAccess(session, presented, nowMs),
    rotationTokens: bucket.tokens,
    replayTokens: refill(
      policy.replayLimit,
      { tokens: session.replayTokens, atMs: session.bucketAtMs },
      nowMs,
    ),
    bucketAtMs: nowMs,
    network: presented.context.network,
    agent: presented.context.agent,
  }
  const intervalSeconds = secondsBetween(session.rotatedAtMs, nowMs)
  const event = regressed
    ? toEvent('session.regression-detected.v1', next, nowMs, {
        stored_generation: session.generation,
        presented_generation: presented.generation,
      })
    : toEvent('session.rotated.v1', next, nowMs, {
        ...presented.context,
        idle_until: toIso(next.idleUntilMs),
        interval_seconds: intervalSeconds,
      })
  return {
    outcome: regressed ? 'regressed' : 'rotated',
    change: { session: next, events: [event] },
    intervalSeconds,
  }
}

/**
 * Keeps haste from hiding a theft with two numbers instead of a history: whatever was superseded
 * more than 2 W ago lies below the floor, and nothing that was superseded at most W ago does,
 * however fast the chain is driven.
 */
function advanceFloor(session: Session, clock: Clock, graceMs: number) {
  const markAtMs = Math.min(session.markAtMs, clock.nowMs)
  if (clock.uptimeSinceMs(markAtMs) <= graceMs) return { markAtMs }
  return {
    floorGeneration: session.markGeneration,
    markGeneration: session.generation - 1,
    markAtMs: session.rotatedAtMs,
  }
}

/**
 * The whole window replays, not only the predecessor: six requests that meet a 401 at once may each
 * refresh.
 */
function isInWindow(session: Session, generation: number, clock: Clock, graceMs: number): boolean {
  const floor =
    clock.uptimeSinceMs(session.markAtMs) > graceMs
      ? session.markGeneration
      : session.floorGeneration
  return graceMs > 0 && generation > floor && clock.uptimeSinceMs(session.rotatedAtMs) <= graceMs
}

/**
 * After a restore the row was set forward by a token that has now been surpassed: that one was
 * superseded long before, and two parties hold tokens of the session. Unless the database may have
 * gone back a second time since.
 */
function contradictsRegression(session: Session, clock: Clock, graceMs: number): boolean {
  if (session.regressedAtMs === null) return false
  const uptimeMs = clock.uptimeSinceMs(session.regressedAtMs)
  const downtimeMs = clock.nowMs - session.regressedAtMs - uptimeMs
  return uptimeMs > graceMs && downtimeMs < SHORTEST_RESTORE_MS
}

/** Racers with several generations of a lost time do not move it on. */
function toRegressedAt({ regressedAtMs }: Session, clock: Clock, graceMs: number): number {
  return regressedAtMs !== null && clock.uptimeSinceMs(regressedAtMs) <= graceMs
    ? regressedAtMs
    : clock.nowMs
}

/**
 * The current token once more, so that racers and clients that lost the answer keep their session.
 */
function decideReplay(
  session: Session,
  presented: Presented,
  clock: Clock,
  policy: RotationPolicy,
  { session: assessed, event }: Assessment,
): RotationDecision {
  const { nowMs } = clock
  const bucket = takeToken(
    policy.replayLimit,
    { tokens: session.replayTokens, atMs: session.bucketAtMs },
    nowMs,
  )
  if (!bucket.taken) return { outcome: 'rate_limited', retryAfterSeconds: bucket.retryAfterSeconds }

  const replayed: Session = {
    ...assessed,
    accessExpiresAtMs: extendAccess(session, presented, nowMs),
    rotationTokens: refill(
      policy.rotationLimit,
      { tokens: session.rotationTokens, atMs: session.bucketAtMs },
      nowMs,
    ),
    replayTokens: bucket.tokens,
    bucketAtMs: nowMs,
  }
  const intervalSeconds = secondsBetween(session.rotatedAtMs, nowMs)
  if (event === undefined)
    return { outcome: 'replayed', change: { session: replayed, events: [] }, intervalSeconds }
  const next: Session = { ...replayed, seq: session.seq + 1 }
  const told = toEvent(event.type, next, nowMs, {
    ...toSides(session, presented, nowMs),
    streak: event.streak,
  })
  return { outcome: 'replayed', change: { session: next, events: [told] }, intervalSeconds }
}

function decideReuse(session: Session, presented: Presented, clock: Clock): RotationDecision {
  const { nowMs } = clock
  const revoked = decideRevocation(session, 'reuse', nowMs).session
  const event = toEvent('session.reuse-detected.v1', revoked, nowMs, {
    ...toSides(session, presented, nowMs),
    age_seconds: clock.uptimeSinceMs(session.rotatedAtMs) / 1000,
    session_seconds: secondsBetween(session.authenticatedAtMs, nowMs),
  })
  return { outcome: 'reused', change: { session: revoked, events: [event] } }
}

function toSides(session: Session, presented: Presented, nowMs: number) {
  return {
    rotated: {
      network: session.network,
      agent: session.agent,
      at: toIso(session.rotatedAtMs),
      generation: session.generation,
    },
    presented: { ...presented.context, at: toIso(nowMs), generation: presented.generation },
  }
}

/** A revocation must be known for as long as any access token of the session lives. */
function extendAccess(session: Session, presented: Presented, nowMs: number): number {
  return Math.max(
    session.accessExpiresAtMs,
    Math.min(nowMs + presented.accessTtlMs, session.expiresAtMs),
  )
}
