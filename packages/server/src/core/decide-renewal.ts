import type { ErrorCode } from '@auto-refresh/contracts'
import type { Peeked } from './renewal.ts'

type RenewalDecision =
  /** the handler runs, and the pair is renewed as a 2xx goes out */
  | { action: 'renew' }
  /** the handler runs, and nothing is renewed */
  | { action: 'go_on' }
  | { action: 'refuse'; code: ErrorCode; retryAfterSeconds?: number }

const GO_ON: RenewalDecision = { action: 'go_on' }

/**
 * What to do with a due or an expired access token, given what would become of the refresh token
 * beside it. Proof of a theft or of an ended session counts at once; anything less never takes a
 * valid access token from an honest user.
 */
export function decideRenewal(access: 'valid' | 'expired', peeked: Peeked): RenewalDecision {
  const unlessValid = (code: ErrorCode): RenewalDecision =>
    access === 'valid' ? GO_ON : { action: 'refuse', code }
  switch (peeked.outcome) {
    case 'would_renew':
      return { action: 'renew' }
    case 'reused':
      return { action: 'refuse', code: 'refresh_token_reused' }
    case 'revoked':
      return { action: 'refuse', code: 'refresh_token_revoked' }
    case 'user_inactive':
      return { action: 'refuse', code: 'user_inactive' }
    case 'expired':
      return unlessValid('refresh_token_expired')
    case 'invalid':
    case 'session_mismatch':
      return unlessValid('access_token_expired')
    case 'unavailable':
      return unlessValid('unavailable')
    case 'rate_limited':
      return access === 'valid'
        ? GO_ON
        : { action: 'refuse', code: 'rate_limited', retryAfterSeconds: peeked.retryAfterSeconds }
    default:
      return peeked satisfies never
  }
}
