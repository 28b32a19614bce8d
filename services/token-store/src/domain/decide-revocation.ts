import type { RevokeReason } from '@auto-refresh/contracts'
import { secondsBetween, toEvent, type Change, type Session } from './session.ts'

/**
 * Revokes a session, with one `session.revoked` event. Final: a revoked session never becomes
 * active again. A reuse has its own event, which `decideRotation` puts in place of this one.
 */
export function decideRevocation(
  session: Session,
  reason: RevokeReason,
  nowMs: number,
  actor?: string,
): Change {
  const revoked: Session = {
    ...session,
    revokedAtMs: nowMs,
    revokeReason: reason,
    seq: session.seq + 1,
  }
  const sessionSeconds = secondsBetween(session.authenticatedAtMs, nowMs)
  return {
    session: revoked,
    events: [
      toEvent('session.revoked.v1', revoked, nowMs, {
        reason,
        session_seconds: sessionSeconds,
        ...(actor !== undefined && { actor }),
      }),
    ],
  }
}
