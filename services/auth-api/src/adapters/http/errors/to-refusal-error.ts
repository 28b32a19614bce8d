import { CodedError, type ErrorCode } from '@auto-refresh/contracts'
import type { RefreshRefusal } from '../../../use-cases/refresh/refresh.ts'
import type { SignInResult } from '../../../use-cases/sign-in/sign-in.ts'

type Refusal = RefreshRefusal | Exclude<SignInResult, { outcome: 'signed_in' }>

const CODES = {
  invalid_credentials: 'invalid_credentials',
  invalid: 'refresh_token_invalid',
  expired: 'refresh_token_expired',
  revoked: 'refresh_token_revoked',
  reused: 'refresh_token_reused',
  session_mismatch: 'session_mismatch',
  user_inactive: 'user_inactive',
  rate_limited: 'rate_limited',
  unavailable: 'unavailable',
} as const satisfies Record<Refusal['outcome'], ErrorCode>

/** The code under which a caller meets a refusal of a use case. */
export function toRefusalError(refusal: Refusal): CodedError {
  return new CodedError(CODES[refusal.outcome], {
    ...('retryAfterSeconds' in refusal ? { retryAfterSeconds: refusal.retryAfterSeconds } : {}),
    ...('because' in refusal ? { cause: refusal.because } : {}),
  })
}
