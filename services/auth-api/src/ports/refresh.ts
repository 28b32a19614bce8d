import type { AccessTokenClaims, RefusalCode } from '@auto-refresh/contracts'
import type { RequestContext } from './request-context.ts'

/** Whether it is time to renew: little life is left, and the session outlives the token. */
export type IsDue = (claims: Pick<AccessTokenClaims, 'exp' | 'session_exp'>) => boolean

/** Counts refused refresh tokens whose MAC was wrong, per address block. */
export interface RefusedRefreshLimit {
  take(block: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/** Counts looks at a session that is not due, per session and address block. */
export interface LookLimit {
  take(key: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/** Refused refresh tokens; the same promises. */
export interface RefusalEvents {
  publish(
    refusal: Readonly<{
      code: RefusalCode
      sessionId: string | undefined
      context: RequestContext
    }>,
  ): void
}
