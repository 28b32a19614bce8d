import { CodedError, type RotateResult } from '@auto-refresh/contracts'
import type { RotationDecision } from '../domain/decide-rotation.ts'
import type { UptimeClock } from '../domain/uptime.ts'
import type { RefreshTokens } from '../ports.ts'

type Refused = Exclude<RotateResult, { token: string }>

type Refusal = Exclude<RotationDecision, { intervalSeconds: number }>

/** Converts a decision that grants nothing to the result of the API. */
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
 * Whether `expired` was decided by a clock that may have jumped: a 401 could log an honest user
 * out.
 */
export function isUncertain(
  { outcome }: { outcome: string },
  clock: Pick<UptimeClock, 'isDoubtful'>,
): boolean {
  return outcome === 'expired' && clock.isDoubtful
}

/** The error in place of an uncertain decision. */
export function toUncertain(): CodedError {
  return new CodedError('unavailable', {
    cause: new Error('The database clock may have jumped: no session is treated as expired'),
  })
}

/** The result for a token that is not authentic, and a placeholder for one that is. */
export function toDecodeRefusal({ outcome }: ReturnType<RefreshTokens['decode']>): Refused {
  return outcome === 'unknown_kid' ? { outcome } : { outcome: 'invalid', mac: false }
}
