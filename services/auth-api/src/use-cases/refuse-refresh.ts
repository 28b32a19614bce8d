import type { PeekResult } from '@auto-refresh/contracts'
import type { RefreshMetricOutcome, RequestContext } from '../ports.ts'
import type { LimitRefused } from './limit-refused.ts'

export type RefreshRefusal =
  | { outcome: 'invalid' | 'expired' | 'revoked' | 'reused' | 'session_mismatch' | 'user_inactive' }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }
  /** ours to answer for: 503. A key of a newer deployment, or a session row that a restore has lost */
  | { outcome: 'unavailable'; because: 'unknown_kid' | 'unknown_session' }

type StoreRefusal = Exclude<PeekResult, { session: unknown }>
export type Refusal = Readonly<{ refusal: RefreshRefusal; counted: RefreshMetricOutcome }>
export type RefuseRefresh = (refused: StoreRefusal, context: RequestContext) => Promise<Refusal>

/** What a refusal of token-store means to the caller, and how it is counted. */
export function createRefuseRefresh({ limitRefused }: { limitRefused: LimitRefused }): RefuseRefresh {
  return async (refused, { block }) => {
    switch (refused.outcome) {
      case 'invalid': {
        const limited = refused.mac ? undefined : await limitRefused(block)
        return same(limited ?? { outcome: 'invalid' })
      }
      case 'unknown_kid': {
        const limited = await limitRefused(block)
        return limited === undefined ? { refusal: { outcome: 'unavailable', because: 'unknown_kid' }, counted: 'unknown_kid' } : same(limited)
      }
      case 'unknown_session':
        return { refusal: { outcome: 'unavailable', because: 'unknown_session' }, counted: 'unknown_session' }
      case 'revoked':
        return same({ outcome: refused.reason === 'user_disabled' ? 'user_inactive' : 'revoked' })
      case 'rate_limited':
        return same({ outcome: 'rate_limited', retryAfterSeconds: refused.retryAfterSeconds })
      case 'expired':
      case 'reused':
      case 'session_mismatch':
        return same({ outcome: refused.outcome })
      default:
        return refused satisfies never
    }
  }
}

function same(refusal: RefreshRefusal): Refusal {
  return { refusal, counted: refusal.outcome }
}
