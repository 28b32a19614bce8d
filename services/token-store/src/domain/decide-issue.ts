import type { IssueRequest } from '@auto-refresh/contracts'
import { toEvent, toIso, type Change, type Session } from './session.ts'
import type { Limit } from './token-bucket.ts'

export type IssuePolicy = Readonly<{
  refreshTtlMs: number
  sessionMaxMs: number
  rotationLimit: Limit
  replayLimit: Limit
  currentMacKid: number
}>

/** Creates a session of generation 0 and its event. The id is always new: no session fixation. */
export function decideIssue(
  request: IssueRequest,
  made: { sessionId: string; nonceHash: string },
  nowMs: number,
  policy: IssuePolicy,
): Change {
  const expiresAtMs = nowMs + policy.sessionMaxMs
  const session: Session = {
    id: made.sessionId,
    userId: request.userId,
    userVersion: request.userVersion,
    clientId: request.clientId,
    generation: 0,
    macKid: policy.currentMacKid,
    nonceHash: made.nonceHash,
    authenticatedAtMs: nowMs,
    amr: request.amr?.join(' ') ?? null,
    authTimeMs: request.authTimeMs === undefined ? null : Math.min(request.authTimeMs, nowMs),
    expiresAtMs,
    idleUntilMs: Math.min(nowMs + policy.refreshTtlMs, expiresAtMs),
    keepUntilMs: nowMs + policy.refreshTtlMs,
    rotatedAtMs: nowMs,
    floorGeneration: -1,
    markGeneration: -1,
    markAtMs: nowMs,
    attemptHash: null,
    seq: 0,
    accessExpiresAtMs: Math.min(nowMs + request.accessTtlSeconds * 1000, expiresAtMs),
    rotationPoints: policy.rotationLimit?.points ?? 0,
    replayPoints: policy.replayLimit?.points ?? 0,
    bucketAtMs: nowMs,
    network: request.context.network,
    agent: request.context.agent,
    formerNetwork: '',
    formerGeneration: -1,
    suspectGeneration: -1,
    suspectStreak: 0,
    suspectNetwork: '',
    suspectRun: 0,
    agentGeneration: -1,
    agentFollows: 0,
    notedGeneration: -1,
    notedPlace: '',
    notedEvents: 0,
    regressedAtMs: null,
    revokedAtMs: null,
    revokeReason: null,
  }
  const event = toEvent('session.issued.v1', session, nowMs, {
    ...request.context,
    expires_at: toIso(expiresAtMs),
    idle_until: toIso(session.idleUntilMs),
  })
  return { session, events: [event] }
}

/**
 * Returns the sessions to revoke so that one more session stays within `limit`: those that rotated
 * longest ago.
 */
export function decideEvictions(active: readonly Session[], limit: number): Session[] {
  const excess = active.length - limit + 1
  return excess <= 0
    ? []
    : active.toSorted((a, b) => a.rotatedAtMs - b.rotatedAtMs).slice(0, excess)
}
