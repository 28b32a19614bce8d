import type { IssueRequest, IssueResult, Tracing } from '@auto-refresh/contracts'
import { cleanContext } from '../domain/clean-context.ts'
import { decideIssue, type IssuePolicy } from '../domain/decide-issue.ts'
import { decideRevocation } from '../domain/decide-revocation.ts'
import { withTrace } from '../domain/session.ts'
import type { RefreshTokens, Sessions } from '../ports.ts'
import { toStoredSession } from './to-stored-session.ts'

/**
 * Creates a session and its first refresh token. A sign-in that began before a revocation of the
 * user and ends after it is refused with `user_revoked`. Above `sessionLimit` the sessions that
 * rotated longest ago are revoked.
 */
export function createIssue(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: IssuePolicy
  sessionLimit: number
  tracing: Pick<Tracing, 'current'>
}) {
  return async (request: IssueRequest): Promise<IssueResult> => {
    const { sessionLimit, refreshTokens } = deps
    const traceparent = deps.tracing.current()
    const issued = await deps.sessions.insert<IssueResult>(
      { userId: request.userId, userVersion: request.userVersion, sessionLimit },
      (excess, nowMs) => {
        const { sessionId, nonce, nonceHash } = refreshTokens.newSession(nowMs)
        const change = decideIssue(
          { ...request, context: cleanContext(request.context) },
          { sessionId, nonceHash },
          nowMs,
          deps.policy,
        )
        const { session } = change
        const token = refreshTokens.mint({
          sessionId,
          generation: session.generation,
          nonce,
          kid: session.macKid,
        })
        return {
          result: { outcome: 'issued', token, session: toStoredSession(session) },
          issued: withTrace(change, traceparent),
          ended: excess.map((old) => withTrace(decideRevocation(old, 'limit', nowMs), traceparent)),
        }
      },
    )
    return issued ?? { outcome: 'user_revoked' }
  }
}
