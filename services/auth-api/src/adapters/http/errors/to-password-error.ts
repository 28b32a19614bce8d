import { CodedError, type ErrorCode } from '@auto-refresh/contracts'
import type { ChangePasswordResult } from '../../../use-cases/passwords/change-password.ts'
import type { ResetPasswordResult } from '../../../use-cases/passwords/reset-password.ts'

type Refusal = Exclude<ChangePasswordResult | ResetPasswordResult, { outcome: 'changed' }>

const CODES = {
  wrong_password: 'current_password_wrong',
  invalid_token: 'password_token_invalid',
  refused: 'password_refused',
  revoked: 'access_token_revoked',
  rate_limited: 'rate_limited',
} as const satisfies Record<Refusal['outcome'], ErrorCode>

/** The error that a caller receives whose password was not changed. */
export function toPasswordError(refusal: Refusal): CodedError {
  return new CodedError(CODES[refusal.outcome], {
    ...('retryAfterSeconds' in refusal && { retryAfterSeconds: refusal.retryAfterSeconds }),
    ...('reason' in refusal && { detail: refusal.reason }),
  })
}
