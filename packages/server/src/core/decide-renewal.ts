import type { ErrorCode } from '@auto-refresh/contracts'
import type { PeekResult } from './renewal.ts'

type RenewalDecision =
  /** run the handler, and refresh the tokens when a 2xx is sent */
  | { action: 'renew' }
  /** run the handler, without a refresh */
  | { action: 'go_on' }
  | { action: 'refuse'; code: ErrorCode; retryAfterSeconds?: number }

const GO_ON: RenewalDecision = { action: 'go_on' }

/**
 * Decides what to do with a due or expired access token, from the peeked outcome of the refresh
 * token that came with it. Proof of a theft or of an ended session refuses the request at once;
 * anything less never invalidates a valid access token.
 */
export function decideRenewal(access: 'valid' | 'expired', peeked: PeekResult): RenewalDecision {
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
