import type { InspectRequest, InspectResult } from '@auto-refresh/contracts'
import { isExpired } from '../domain/session.ts'
import type { RefreshTokens, Sessions } from '../ports.ts'
import { toStoredSession } from './to-stored-session.ts'

/**
 * The session behind a refresh token of any generation, or behind an id. It only looks: never an
 * alarm.
 */
export function createInspect(deps: { sessions: Sessions; refreshTokens: RefreshTokens }) {
  return async (request: InspectRequest): Promise<InspectResult> => {
    const read = 'token' in request ? deps.refreshTokens.read(request.token) : undefined
    if (read !== undefined && read.outcome !== 'authentic') return { outcome: read.outcome }
    const sessionId = read?.token.sessionId ?? ('sessionId' in request ? request.sessionId : '')
    const { sessions, clock } = await deps.sessions.read([sessionId])
    const session = sessions.get(sessionId)
    if (session === undefined) return { outcome: 'not_found' }
    if (read !== undefined && read.token.nonceHash !== session.nonceHash)
      return { outcome: 'invalid' }
    const active = session.revokeReason === null && !isExpired(session, clock.nowMs)
    return { outcome: 'found', active, session: toStoredSession(session) }
  }
}
