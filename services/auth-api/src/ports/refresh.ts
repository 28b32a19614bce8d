import type { AccessTokenClaims, RefusalCode } from '@auto-refresh/contracts'
import type { RequestContext } from './request-context.ts'

/** Whether a refresh is due: the token expires soon, and the session lasts longer. */
export type IsDue = (claims: Pick<AccessTokenClaims, 'exp' | 'session_exp'>) => boolean

/** Counts refused refresh tokens by key, such as an address block. */
export interface RefusedRefreshLimit {
  take(key: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/** Counts checks of a pair that is not due, by session and address block. */
export interface NotDueLimit {
  take(key: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/**
 * Publishes refused refresh tokens. It never waits and never fails: events that do not fit in the
 * bounded queue are dropped and counted.
 */
export interface RefusalEvents {
  publish(
    refusal: Readonly<{
      code: RefusalCode
      sessionId: string | undefined
      context: RequestContext
    }>,
  ): void
}
