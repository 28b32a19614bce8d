import type { ErrorCode, RefusalCode } from '@auto-refresh/contracts'

/** What can be wrong with a refresh token, and the error code under which its caller sees it. */
export const TOKEN_REFUSAL_CODES = {
  invalid: 'refresh_token_invalid',
  expired: 'refresh_token_expired',
  revoked: 'refresh_token_revoked',
  reused: 'refresh_token_reused',
  session_mismatch: 'session_mismatch',
  user_inactive: 'user_inactive',
} as const satisfies Record<string, RefusalCode>

/** A refresh that is not granted. `unavailable` is our failure and becomes a 503. */
export type RefreshRefusal =
  | { outcome: keyof typeof TOKEN_REFUSAL_CODES }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }
  /** `unknown_kid`: a key of a newer deployment. `unknown_session`: a row lost by a restore. */
  | { outcome: 'unavailable'; because: 'unknown_kid' | 'unknown_session' }

/** The error code of every refusal. */
export const REFRESH_REFUSAL_CODES = {
  ...TOKEN_REFUSAL_CODES,
  rate_limited: 'rate_limited',
  unavailable: 'unavailable',
} as const satisfies Record<RefreshRefusal['outcome'], ErrorCode>

/** The outcome of a refusal in metrics and logs, which name the cause of an `unavailable`. */
export function toReportedOutcome(refusal: RefreshRefusal) {
  return refusal.outcome === 'unavailable' ? refusal.because : refusal.outcome
}
