import { CodedError, type ErrorCode } from '@auto-refresh/contracts'
import { REFRESH_REFUSAL_CODES, type RefreshRefusal } from '../../../domain/refresh-refusal.ts'
import type { SignInResult } from '../../../use-cases/sign-in/sign-in.ts'

type SignInRefusal = Exclude<SignInResult, { outcome: 'signed_in' }>

const CODES = {
  ...REFRESH_REFUSAL_CODES,
  invalid_credentials: 'invalid_credentials',
} as const satisfies Record<(RefreshRefusal | SignInRefusal)['outcome'], ErrorCode>

/** The error that a caller receives for a refused refresh or sign-in. */
export function toRefusalError(refusal: RefreshRefusal | SignInRefusal): CodedError {
  return new CodedError(CODES[refusal.outcome], {
    ...('retryAfterSeconds' in refusal ? { retryAfterSeconds: refusal.retryAfterSeconds } : {}),
    ...('because' in refusal ? { cause: refusal.because } : {}),
  })
}
