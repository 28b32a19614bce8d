import type { ClientRequest } from './client-request.ts'

/**
 * `sessionId` is that of the access token: the refresh token of another session is a
 * `session_mismatch` and changes nothing.
 */
export type RenewalRequest<Request extends ClientRequest = ClientRequest> = Readonly<{
  refreshToken: string
  sessionId: string
  request: Request
}>

export type Refused =
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

/** `user` is the user as of now: the role in an expired access token may long be another. */
export type Peeked = { outcome: 'would_renew'; user: { username: string; role: string } } | Refused
/** `idleUntilMs`: when the new refresh token dies unused, Unix milliseconds. */
export type Renewed =
  { outcome: 'renewed'; accessToken: string; refreshToken: string; idleUntilMs: number } | Refused

/**
 * Who carries a renewal out: auth-api in its own process, another back end over HTTP. Both may
 * throw for trouble.
 */
export interface Renewal<Request extends ClientRequest = ClientRequest> {
  /** What `renew` would answer now, with nothing changed. */
  peek(request: RenewalRequest<Request>): Promise<Peeked>
  renew(request: RenewalRequest<Request>): Promise<Renewed>
}
