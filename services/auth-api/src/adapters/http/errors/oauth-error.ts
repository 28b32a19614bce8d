import { CodedError } from '@auto-refresh/contracts'

/** The codes of RFC 6749 §5.2, RFC 6750 §3.1, RFC 8693 §2.2.2 and RFC 9700 that we send. */
export const OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'insufficient_scope',
  'unsupported_grant_type',
  'temporarily_unavailable',
] as const
export type OauthErrorCode = (typeof OAUTH_ERRORS)[number]

/** A refusal of an OAuth endpoint that has no code outside OAuth. */
export class OauthError extends CodedError {
  readonly error: OauthErrorCode
  /** the scheme of `WWW-Authenticate`, which makes the refusal a 401 */
  readonly scheme: 'Basic' | undefined

  /** `description` says what to do and must not contain input. */
  constructor(error: OauthErrorCode, description: string, options: { scheme?: 'Basic' } = {}) {
    super('invalid_request', { detail: description })
    this.name = 'OauthError'
    this.error = error
    this.scheme = options.scheme
  }
}
