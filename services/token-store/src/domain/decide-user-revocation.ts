import type { RevokeUserRequest } from '@auto-refresh/contracts'
import { decideRevocation } from './decide-revocation.ts'
import type { Change, Session } from './session.ts'

/**
 * Revokes an active session below the new version of its user. The kept session moves to the new
 * version without an event. If it is older than the version before, an earlier revocation concerns
 * it too, which must win.
 */
export function decideUserRevocation(
  session: Session,
  {
    version,
    reason,
    keptSessionId,
  }: Pick<RevokeUserRequest, 'version' | 'reason' | 'keptSessionId'>,
  nowMs: number,
): Change {
  return session.id === keptSessionId && session.userVersion === version - 1
    ? { session: { ...session, userVersion: version }, events: [] }
    : decideRevocation(session, reason, nowMs)
}
