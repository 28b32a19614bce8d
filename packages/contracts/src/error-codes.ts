/**
 * All error codes. `message` says what to do and never contains input, SQL or a stack. `retryable`
 * says whether the same request can succeed later. Internal failures are `unavailable` (503), never
 * a 401, because clients treat a 401 as a logout.
 */
export const ERROR_CODES = {
  invalid_request: {
    status: 400,
    retryable: false,
    message: 'The request is not valid; see the API reference at /docs',
  },
  ambiguous_refresh_token: {
    status: 400,
    retryable: false,
    message: 'The request carries more than one refresh token; send one',
  },
  refresh_token_missing: {
    status: 400,
    retryable: false,
    message:
      'Send the refresh token in the body, the X-Refresh-Token header or the refresh_token cookie',
  },
  password_refused: {
    status: 400,
    retryable: false,
    message: 'The new password is refused; choose another one',
  },
  invalid_credentials: {
    status: 401,
    retryable: false,
    message: 'The user name or password is wrong',
  },
  password_token_invalid: {
    status: 401,
    retryable: false,
    message: 'The password token is invalid, used or expired; ask for a new one',
  },
  access_token_missing: {
    status: 401,
    retryable: false,
    message: 'Send the access token as Authorization: Bearer',
  },
  access_token_invalid: {
    status: 401,
    retryable: false,
    message: 'The access token is invalid; sign in again',
  },
  access_token_expired: {
    status: 401,
    retryable: false,
    message: 'The access token has expired; refresh it',
  },
  access_token_revoked: {
    status: 401,
    retryable: false,
    message: 'The session of this access token has ended; sign in again',
  },
  refresh_token_invalid: {
    status: 401,
    retryable: false,
    message: 'The refresh token is invalid; sign in again',
  },
  refresh_token_expired: {
    status: 401,
    retryable: false,
    message: 'The refresh token has expired; sign in again',
  },
  refresh_token_revoked: {
    status: 401,
    retryable: false,
    message: 'The session of this refresh token has ended; sign in again',
  },
  refresh_token_reused: {
    status: 401,
    retryable: false,
    message: 'The refresh token was used before and its session has ended; sign in again',
  },
  session_mismatch: {
    status: 401,
    retryable: false,
    message: 'The refresh token belongs to another session than the access token',
  },
  user_inactive: { status: 401, retryable: false, message: 'This account is not active' },
  invalid_api_key: {
    status: 401,
    retryable: false,
    message: 'Send an API key of API_KEYS as Authorization: Bearer',
  },
  current_password_wrong: {
    status: 403,
    retryable: false,
    message: 'The current password is wrong',
  },
  csrf_rejected: {
    status: 403,
    retryable: false,
    message: 'A request with a cookie needs an allowed Origin or the header X-Auto-Refresh: 1',
  },
  forbidden: { status: 403, retryable: false, message: 'This is not allowed' },
  insufficient_scope: {
    status: 403,
    retryable: false,
    message: 'The API key does not have the scope for this call; see API_KEYS',
  },
  recent_sign_in_required: {
    status: 403,
    retryable: false,
    message: 'Sign in again, then repeat the request within 15 minutes',
  },
  not_found: { status: 404, retryable: false, message: 'There is nothing under this path' },
  method_not_allowed: {
    status: 405,
    retryable: false,
    message: 'This path does not support the method; see the Allow header',
  },
  user_exists: {
    status: 409,
    retryable: false,
    message: 'Another user has this name or external id',
  },
  request_incomplete: {
    status: 408,
    retryable: true,
    message: 'The request was incomplete or too slow; send it again',
  },
  payload_too_large: { status: 413, retryable: false, message: 'The body is larger than 8 KiB' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    message: 'Send the body as application/json',
  },
  headers_too_large: {
    status: 431,
    retryable: false,
    message: 'The request headers are larger than 16 KiB',
  },
  rate_limited: {
    status: 429,
    retryable: true,
    message: 'Too many requests; try again after Retry-After seconds',
  },
  unavailable: {
    status: 503,
    retryable: true,
    message:
      'The service cannot answer right now; try the same request again after Retry-After seconds',
  },
} as const satisfies Record<string, { status: number; retryable: boolean; message: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/**
 * An error with a code of the table. `detail` replaces the message of the table and must not contain
 * input. `status` replaces the status: 403 for a user whom a back end with a valid key names.
 */
export class CodedError extends Error {
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined
  readonly statusCode: number

  constructor(
    code: ErrorCode,
    options: {
      detail?: string
      status?: number
      retryAfterSeconds?: number
      cause?: unknown
    } = {},
  ) {
    super(options.detail ?? ERROR_CODES[code].message, { cause: options.cause })
    this.name = 'CodedError'
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
    this.statusCode = options.status ?? ERROR_CODES[code].status
  }
}
