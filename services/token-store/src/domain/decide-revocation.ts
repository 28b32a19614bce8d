import type { RevokeReason } from '@auto-refresh/contracts'
import { secondsBetween, toEvent, type Change, type Session } from './session.ts'

/**
 * Ends a session. Final: a revoked session never returns to active. One event, whatever the reason
 * but reuse, which has its own.
 */
export function decideRevocation(session: Session, reason: RevokeReason, nowMs: number): Change {
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
      toEvent('session.revoked.v1', revoked, nowMs, { reason, session_seconds: sessionSeconds }),
    ],
  }
}
