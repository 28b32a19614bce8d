/** What the client itself reports, beside the codes of the API. */
export type ClientCode =
  | 'network_error'
  | 'timeout'
  /** an answer that is not the API's: a captive portal, a proxy, broken JSON */
  | 'unexpected_answer'
  /** nobody is signed in, or not any more */
  | 'refresh_token_missing'
  /** the last-resort cap on refreshes a minute */
  | 'too_many_refreshes'
  | 'storage_failed'
  /** `baseURL` starts at the page, and there is none: a server, React Native */
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
 * A call of the authentication API that failed. `retryable` says that the same call can succeed
 * later and that nobody needs to sign in for it; never decide by `message`.
 *
 * @example
 * try { await tokenManager.login(name, password) } catch (error) {
 *   if (error instanceof AuthError && error.code === 'invalid_credentials') showWrongPassword()
 * }
 */
export class AuthError extends Error {
  /** A code of the API (docs/api.md) or a `ClientCode`. */
  declare readonly code: string
  /** The HTTP status, where there was an answer. */
  declare readonly status?: number
  declare readonly retryable: boolean
  /** How long the server asked to wait, at most a minute; 0 when it did not ask. */
  declare readonly retryAfterMs?: number

  constructor(code: string, details: Details = {}) {
    super(code)
    Object.assign(this, { name: 'AuthError', code, retryable: false }, details)
  }
}

const TERMINAL =
  /^(refresh_token_(invalid|expired|revoked|reused|missing)|session_mismatch|user_inactive)$/

/**
 * Whether the server said that the session is over. Nothing else ever ends one: no status, no
 * time-out, no foreign answer.
 */
export const isTerminal = ({ code }: AuthError): boolean => TERMINAL.test(code)
