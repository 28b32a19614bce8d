import { CodedError, type RotateResult } from '@auto-refresh/contracts'
import type { RotationDecision } from '../domain/decide-rotation.ts'
import type { Clock } from '../domain/uptime.ts'
import type { RefreshTokens } from '../ports.ts'

type Refused = Exclude<RotateResult, { token: string }>

type Refusal = Exclude<RotationDecision, { intervalSeconds: number }>

export function toRefusal(decision: Refusal, sessionId: string): Refused {
  switch (decision.outcome) {
    case 'reused':
      return { outcome: 'reused', sessionId, userId: decision.change.session.userId }
    case 'revoked':
      return { outcome: 'revoked', sessionId, reason: decision.reason }
    case 'rate_limited':
      return { outcome: 'rate_limited', retryAfterSeconds: decision.retryAfterSeconds }
    case 'invalid':
      return { outcome: 'invalid', mac: true, sessionId }
    case 'expired':
    case 'session_mismatch':
      return { outcome: decision.outcome, sessionId }
    case 'unknown_session':
      return { outcome: decision.outcome }
  }
}

/**
 * Whether a decision was made by a clock that may have jumped: a 401 for it could log an honest
 * user out.
 */
export function isUncertain(
  { outcome }: { outcome: string },
  clock: Pick<Clock, 'isDoubtful'>,
): boolean {
  return outcome === 'expired' && clock.isDoubtful
}

/** The answer in place of such a decision. */
export function toUncertain(): CodedError {
  return new CodedError('unavailable', {
    cause: new Error('The database clock may have jumped: no session is treated as expired'),
  })
}

/** The answer to a token that was not authentic; for one that was, a decision takes its place. */
export function toUnread({ outcome }: ReturnType<RefreshTokens['read']>): Refused {
  return outcome === 'unknown_kid' ? { outcome } : { outcome: 'invalid', mac: false }
}
