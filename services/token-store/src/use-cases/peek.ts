import { CodedError, type PeekResult, type RotateRequest } from '@auto-refresh/contracts'
import { decideRotation, type RotationPolicy } from '../domain/decide-rotation.ts'
import { isReadable } from '../domain/session.ts'
import type { RefreshTokens, Sessions } from '../ports.ts'
import { toPresented } from './to-presented.ts'
import { isUncertain, toRefusal, toUncertain, toDecodeRefusal } from './to-refusal.ts'
import { toStoredSession } from './to-stored-session.ts'

/**
 * Returns what `rotate` would decide now, read without a lock. Changes nothing and returns no
 * token.
 */
export function createPeek(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: RotationPolicy
}) {
  return async (requests: readonly RotateRequest[]): Promise<Array<PeekResult | Error>> => {
    const reads = requests.map((request) => deps.refreshTokens.decode(request.token))
    const ids = new Set(
      reads.flatMap((read) => (read.outcome === 'authentic' ? [read.decoded.sessionId] : [])),
    )
    if (ids.size === 0) return reads.map(toDecodeRefusal)

    const { sessions, clock } = await deps.sessions.read([...ids])
    return requests.map((request, i) => {
      const read = reads[i]
      if (read?.outcome !== 'authentic')
        return read === undefined ? { outcome: 'invalid', mac: false } : toDecodeRefusal(read)
      const session = sessions.get(read.decoded.sessionId)
      if (session !== undefined && !isReadable(session)) return new CodedError('unavailable')
      const decision = decideRotation(
        session,
        toPresented(request, read.decoded, deps.refreshTokens),
        clock,
        deps.policy,
      )
      if (isUncertain(decision, clock)) return toUncertain()
      if (!('intervalSeconds' in decision)) return toRefusal(decision, read.decoded.sessionId)
      return {
        outcome: decision.outcome,
        session: toStoredSession(session ?? decision.change.session),
      }
    })
  }
}
