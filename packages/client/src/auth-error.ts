/** Error codes of the client, in addition to those of the API. */
export type ClientCode =
  | 'network_error'
  | 'timeout'
  /** a response that is not the API's: a captive portal, a proxy, broken JSON */
  | 'unexpected_answer'
  /** not signed in, or not any more */
  | 'refresh_token_missing'
  /** the safety limit of refreshes per minute */
  | 'too_many_refreshes'
  | 'storage_failed'
  /** `baseURL` is relative and there is no page: on a server, in React Native */
  | 'base_url_relative'
  /** a sign-in that was overtaken by a sign-out or a later sign-in */
  | 'superseded'

type Details = {
  message?: string
  status?: number
  retryable?: boolean
  retryAfterMs?: number
  cause?: unknown
}

/**
 * Error of the client or of the authentication API. If `retryable`, the same call can succeed later
 * without a new sign-in. Decide by `code`, never by `message`.
 */
export class AuthError extends Error {
  /** A code of the API (docs/api.md) or a `ClientCode`. */
  declare readonly code: string
  /** The HTTP status, if there was a response. */
  declare readonly status?: number
  declare readonly retryable: boolean
  /** Wait that the server asked for in milliseconds, at most a minute; 0 if it did not ask. */
  declare readonly retryAfterMs?: number

  constructor(code: string, details: Details = {}) {
    super(code)
    Object.assign(this, { name: 'AuthError', code, retryable: false }, details)
  }
}

const TERMINAL =
  /^(refresh_token_(invalid|expired|revoked|reused|missing)|session_mismatch|user_inactive)$/

/**
 * Whether the server ended the session. Nothing else ends one: no status, no timeout, no foreign
 * response.
 */
export const isTerminal = ({ code }: AuthError): boolean => TERMINAL.test(code)
