import type {
  RevokeSessionRequest,
  RevokeSessionResult,
  RevokeUserRequest,
  RevokeUserResult,
  Tracing,
} from '@auto-refresh/contracts'
import { decideUserRevocation } from '../domain/decide-user-revocation.ts'
import { decideRevocation } from '../domain/decide-revocation.ts'
import { withTrace } from '../domain/session.ts'
import type { Sessions } from '../ports.ts'

type Deps = { sessions: Sessions; tracing: Pick<Tracing, 'current'> }

/**
 * Revokes one session. Resolves after the commit: no rotation that begins later succeeds. Repeating
 * it changes nothing.
 */
export function createRevokeSession({ sessions, tracing }: Deps) {
  return ({
    sessionId,
    userId,
    reason,
    actor,
  }: RevokeSessionRequest): Promise<RevokeSessionResult> => {
    const traceparent = tracing.current()
    return sessions.change<RevokeSessionResult>([sessionId], (locked) => {
      const session = locked.sessions.get(sessionId)
      if (session === undefined || (userId !== undefined && session.userId !== userId))
        return { result: { outcome: 'not_found' }, changes: [] }
      if (session.revokeReason !== null)
        return { result: { outcome: 'already_ended' }, changes: [] }
      return {
        result: { outcome: 'revoked' },
        changes: [
          withTrace(decideRevocation(session, reason, locked.clock.nowMs, actor), traceparent),
        ],
      }
    })
  }
}

/**
 * Revokes every session of the user below `version`, but not `keptSessionId`. Sign-ins in progress
 * under a lower version are refused.
 */
export function createRevokeUser({ sessions, tracing }: Deps) {
  return (request: RevokeUserRequest): Promise<RevokeUserResult> => {
    const traceparent = tracing.current()
    return sessions.changeBelowVersion<RevokeUserResult>(request, (locked) => {
      const changes = [...locked.sessions.values()].map((session) =>
        withTrace(decideUserRevocation(session, request, locked.clock.nowMs), traceparent),
      )
      const revoked = changes.filter(({ session }) => session.revokedAtMs !== null)
      return { result: { revokedSessionIds: revoked.map(({ session }) => session.id) }, changes }
    })
  }
}
