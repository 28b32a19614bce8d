import type { InspectRequest, InspectResult } from '@auto-refresh/contracts'
import { isExpired } from '../domain/session.ts'
import type { RefreshTokens, Sessions } from '../ports.ts'
import { toStoredSession } from './to-stored-session.ts'

/**
 * Finds the session of a refresh token of any generation, or of a session id. Changes nothing and
 * never reports a reuse.
 */
export function createInspect(deps: { sessions: Sessions; refreshTokens: RefreshTokens }) {
  return async (request: InspectRequest): Promise<InspectResult> => {
    const read = 'token' in request ? deps.refreshTokens.decode(request.token) : undefined
    if (read !== undefined && read.outcome !== 'authentic') return { outcome: read.outcome }
    const sessionId = read?.decoded.sessionId ?? ('sessionId' in request ? request.sessionId : '')
    const { sessions, clock } = await deps.sessions.read([sessionId])
    const session = sessions.get(sessionId)
    if (session === undefined) return { outcome: 'not_found' }
    if (read !== undefined && read.decoded.nonceHash !== session.nonceHash)
      return { outcome: 'invalid' }
    const active = session.revokeReason === null && !isExpired(session, clock.nowMs)
    const { revokedAtMs: atMs, revokeReason: reason } = session
    const ended = atMs === null || reason === null ? undefined : { atMs, reason }
    const found = { outcome: 'found' as const, active, session: toStoredSession(session) }
    return ended === undefined ? found : { ...found, ended }
  }
}
