import type { RotateResult } from '@auto-refresh/contracts'
import type { RotationDecision } from '../domain/decide-rotation.ts'
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

/** The answer to a token that was not authentic; for one that was, a decision takes its place. */
export function toUnread({ outcome }: ReturnType<RefreshTokens['read']>): Refused {
  return outcome === 'unknown_kid' ? { outcome } : { outcome: 'invalid', mac: false }
}
