import { CodedError, type PeekResult, type RotateRequest } from '@auto-refresh/contracts'
import { decideRotation, type RotationPolicy } from '../domain/decide-rotation.ts'
import { isReadable } from '../domain/session.ts'
import type { RefreshTokens, Sessions } from '../ports.ts'
import { toPresented } from './to-presented.ts'
import { isUncertain, toRefusal, toUncertain, toUnread } from './to-refusal.ts'
import { toStoredSession } from './to-stored-session.ts'

/**
 * What `rotate` would decide right now, read without a lock; nothing changes and no token is given
 * out.
 */
export function createPeek(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: RotationPolicy
}) {
  return async (requests: readonly RotateRequest[]): Promise<Array<PeekResult | Error>> => {
    const tokens = requests.map((request) => deps.refreshTokens.read(request.token))
    const ids = new Set(
      tokens.flatMap((read) => (read.outcome === 'authentic' ? [read.token.sessionId] : [])),
    )
    if (ids.size === 0) return tokens.map(toUnread)

    const { sessions, clock } = await deps.sessions.read([...ids])
    return requests.map((request, i) => {
      const read = tokens[i]
      if (read?.outcome !== 'authentic')
        return read === undefined ? { outcome: 'invalid', mac: false } : toUnread(read)
      const session = sessions.get(read.token.sessionId)
      if (session !== undefined && !isReadable(session)) return new CodedError('unavailable')
      const decision = decideRotation(
        session,
        toPresented(request, read.token, deps.refreshTokens),
        clock,
        deps.policy,
      )
      if (isUncertain(decision, clock)) return toUncertain()
      if (!('intervalSeconds' in decision)) return toRefusal(decision, read.token.sessionId)
      return {
        outcome: decision.outcome,
        session: toStoredSession(session ?? decision.change.session),
      }
    })
  }
}
