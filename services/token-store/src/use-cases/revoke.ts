import type {
  RevokeSessionRequest,
  RevokeSessionResult,
  RevokeUserRequest,
  RevokeUserResult,
  Tracing,
} from '@auto-refresh/contracts'
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
 * Revokes every session of the user below `version`. Sign-ins in progress under a lower version are
 * refused.
 */
export function createRevokeUser({ sessions, tracing }: Deps) {
  return ({ userId, version, reason }: RevokeUserRequest): Promise<RevokeUserResult> => {
    const traceparent = tracing.current()
    return sessions.changeBelowVersion<RevokeUserResult>({ userId, version }, (locked) => {
      const changes = [...locked.sessions.values()].map((session) =>
        withTrace(decideRevocation(session, reason, locked.clock.nowMs), traceparent),
      )
      return { result: { revokedSessionIds: changes.map((change) => change.session.id) }, changes }
    })
  }
}
