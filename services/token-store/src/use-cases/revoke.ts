import type { RevokeSessionRequest, RevokeSessionResult, RevokeUserRequest, RevokeUserResult } from '@auto-refresh/contracts'
import { decideRevocation } from '../domain/decide-revocation.ts'
import type { Sessions } from '../ports.ts'

/** Ends one session. Answered only after the commit: no rotation that begins later succeeds. Repeating it changes nothing. */
export function createRevokeSession({ sessions }: { sessions: Sessions }) {
  return ({ sessionId, userId, reason }: RevokeSessionRequest): Promise<RevokeSessionResult> =>
    sessions.change<RevokeSessionResult>([sessionId], (locked) => {
      const session = locked.sessions.get(sessionId)
      if (session === undefined || (userId !== undefined && session.userId !== userId)) return { result: { outcome: 'not_found' }, changes: [] }
      if (session.revokeReason !== null) return { result: { outcome: 'already_ended' }, changes: [] }
      return { result: { outcome: 'revoked' }, changes: [decideRevocation(session, reason, locked.clock.nowMs)] }
    })
}

/** Ends every session of the user below the version, and every sign-in under a lower one that has not ended yet. */
export function createRevokeUser({ sessions }: { sessions: Sessions }) {
  return ({ userId, version, reason }: RevokeUserRequest): Promise<RevokeUserResult> =>
    sessions.changeBelowVersion<RevokeUserResult>({ userId, version }, (locked) => {
      const changes = [...locked.sessions.values()].map((session) => decideRevocation(session, reason, locked.clock.nowMs))
      return { result: { revokedSessionIds: changes.map((change) => change.session.id) }, changes }
    })
}
