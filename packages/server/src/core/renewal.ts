import type { ClientRequest } from './client-request.ts'

/**
 * `sessionId` is the session of the access token. The refresh token of another session is a
 * `session_mismatch` and changes nothing.
 */
export type RenewalRequest<Request extends ClientRequest = ClientRequest> = Readonly<{
  refreshToken: string
  sessionId: string
  request: Request
}>

/** Why a refresh token was not exchanged. */
export type RenewalRefusal =
  | {
      outcome:
        | 'invalid'
        | 'expired'
        | 'revoked'
        | 'reused'
        | 'session_mismatch'
        | 'user_inactive'
        | 'unavailable'
    }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }

/**
 * `user` has the user's current name and role: the role in an expired access token may be outdated.
 */
export type PeekResult =
  { outcome: 'would_renew'; user: { username: string; role: string } } | RenewalRefusal
/** `idleUntilMs`: when the new refresh token expires unused, Unix milliseconds. */
export type RenewResult =
  | { outcome: 'renewed'; accessToken: string; refreshToken: string; idleUntilMs: number }
  | RenewalRefusal

/**
 * Refreshes tokens for the guard: auth-api within its process, other back ends over HTTP. Both
 * methods may reject on an internal error.
 */
export interface Renewal<Request extends ClientRequest = ClientRequest> {
  /** Returns what `renew` would return now, and changes nothing. */
  peek(request: RenewalRequest<Request>): Promise<PeekResult>
  /** Exchanges the refresh token for the next pair. */
  renew(request: RenewalRequest<Request>): Promise<RenewResult>
}
