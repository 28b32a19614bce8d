import type { ClientContext, RevokeReason } from '@auto-refresh/contracts'
import { assessReplay, rememberRotator, type Assessment } from './assess-replay.ts'
import { decideRevocation } from './decide-revocation.ts'
import { advanceFloor, isInGraceWindow } from './grace-window.ts'
import { isExpired, secondsBetween, toEvent, toIso, type Change, type Session } from './session.ts'
import { refill, takePoint, type Limit } from './token-bucket.ts'
import type { UptimeClock } from './uptime.ts'

/** A decoded refresh token with a valid MAC, and the request that carried it. */
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
  /** the grace window; 0 turns it off */
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

/** A restore that lost more rotations than this is not plausible: the token is invalid. */
const FARTHEST_REGRESSION = 1_000
/** A restore or failover of a database takes at least this long. */
const SHORTEST_RESTORE_MS = 10_000

/**
 * Decides what happens to a session when a refresh token is presented (RFC 9700, section 4.14.2).
 * Pure, and never throws.
 *
 * - Tokens are ordered by their generation, never by time (Keycloak #50999).
 * - A refusal other than reuse changes nothing (Keycloak #49213).
 * - A replay changes no field on which a later decision about time or generation depends.
 *
 * @param stored the locked session; `undefined` if the database has none of that id
 * @param clock the database's clock, read after the lock
 */
export function decideRotation(
  stored: Session | undefined,
  presented: Presented,
  clock: UptimeClock,
  policy: RotationPolicy,
): RotationDecision {
  if (
    presented.expectedSessionId !== undefined &&
    presented.expectedSessionId !== presented.sessionId
  ) {
    return { outcome: 'session_mismatch' }
  }
  if (stored === undefined) return decideUnknown(presented.sessionId, clock.nowMs, policy)
  const session = clampFutureTimes(stored, clock.nowMs)
  // Both are the SHA-256 of a nonce that the MAC protects, so a plain comparison leaks nothing.
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
  if (!sameAttempt && !isInGraceWindow(session, presented.generation, clock, policy.graceMs))
    return decideReuse(session, presented, clock)

  const assessment = assessReplay(session, presented.context, sameAttempt)
  if (assessment.isForeign && policy.replayContext === 'strict')
    return decideReuse(session, presented, clock)
  return decideReplay(session, presented, clock, policy, assessment)
}

/**
 * Replaces times in the future by now. They were written before the database's clock was set back;
 * without this no token would be a reuse until the clock has caught up.
 */
function clampFutureTimes(session: Session, nowMs: number): Session {
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
 * A session id is a uuidv7 and contains its creation time. An unknown session that is old has
 * expired and was deleted; a recent one was lost by a restore or is in another database.
 */
function decideUnknown(sessionId: string, nowMs: number, policy: RotationPolicy): RotationDecision {
  const createdAtMs = Number.parseInt(sessionId.replaceAll('-', '').slice(0, 12), 16)
  return { outcome: nowMs - createdAtMs > policy.refreshTtlMs ? 'expired' : 'unknown_session' }
}

function decideSuccessor(
  session: Session,
  presented: Presented,
  clock: UptimeClock,
  policy: RotationPolicy,
): RotationDecision {
  const regressed = presented.generation > session.generation
  if (regressed && contradictsRegression(session, clock, policy.graceMs))
    return decideReuse(session, presented, clock)
  const bucket = takePoint(
    policy.rotationLimit,
    { points: session.rotationPoints, atMs: session.bucketAtMs },
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
    rotationPoints: bucket.points,
    replayPoints: refill(
      policy.replayLimit,
      { points: session.replayPoints, atMs: session.bucketAtMs },
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
 * A second regression after the grace window is a reuse: the first token that moved the restored
 * row forward was already superseded then, so two parties hold tokens of this session. The
 * exception is a downtime since then that is long enough for a second restore.
 */
function contradictsRegression(session: Session, clock: UptimeClock, graceMs: number): boolean {
  if (session.regressedAtMs === null) return false
  const uptimeMs = clock.uptimeSinceMs(session.regressedAtMs)
  const downtimeMs = clock.nowMs - session.regressedAtMs - uptimeMs
  return uptimeMs > graceMs && downtimeMs < SHORTEST_RESTORE_MS
}

/** Concurrent refreshes with several lost generations keep the time of the first regression. */
function toRegressedAt({ regressedAtMs }: Session, clock: UptimeClock, graceMs: number): number {
  return regressedAtMs !== null && clock.uptimeSinceMs(regressedAtMs) <= graceMs
    ? regressedAtMs
    : clock.nowMs
}

/**
 * Returns the current successor again, so that concurrent refreshes and clients that lost the
 * response keep their session.
 */
function decideReplay(
  session: Session,
  presented: Presented,
  clock: UptimeClock,
  policy: RotationPolicy,
  { session: assessed, event }: Assessment,
): RotationDecision {
  const { nowMs } = clock
  const bucket = takePoint(
    policy.replayLimit,
    { points: session.replayPoints, atMs: session.bucketAtMs },
    nowMs,
  )
  if (!bucket.taken) return { outcome: 'rate_limited', retryAfterSeconds: bucket.retryAfterSeconds }

  const replayed: Session = {
    ...assessed,
    accessExpiresAtMs: extendAccess(session, presented, nowMs),
    rotationPoints: refill(
      policy.rotationLimit,
      { points: session.rotationPoints, atMs: session.bucketAtMs },
      nowMs,
    ),
    replayPoints: bucket.points,
    bucketAtMs: nowMs,
  }
  const intervalSeconds = secondsBetween(session.rotatedAtMs, nowMs)
  if (event === undefined)
    return { outcome: 'replayed', change: { session: replayed, events: [] }, intervalSeconds }
  const next: Session = { ...replayed, seq: session.seq + 1 }
  const suspicion = toEvent(event.type, next, nowMs, {
    ...toSides(session, presented, nowMs),
    streak: event.streak,
  })
  return { outcome: 'replayed', change: { session: next, events: [suspicion] }, intervalSeconds }
}

function decideReuse(session: Session, presented: Presented, clock: UptimeClock): RotationDecision {
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

/** A revocation stays in the list until the last access token of the session has expired. */
function extendAccess(session: Session, presented: Presented, nowMs: number): number {
  return Math.max(
    session.accessExpiresAtMs,
    Math.min(nowMs + presented.accessTtlMs, session.expiresAtMs),
  )
}
