import { Type, type Static, type TSchema } from 'typebox'
import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/** Header names, in lower case as in Node. */
export const HEADERS = {
  refreshToken: 'x-refresh-token',
  tokenRefreshed: 'x-token-refreshed',
  newAccessToken: 'x-new-access-token',
  newRefreshToken: 'x-new-refresh-token',
  csrfProof: 'x-auto-refresh',
  idempotencyKey: 'idempotency-key',
  requestId: 'x-request-id',
  clockMs: 'x-clock-ms',
  authUser: 'x-auth-user',
  authUsername: 'x-auth-username',
  authRole: 'x-auth-role',
  authSession: 'x-auth-session',
  /** A proxy asks for `x-auth-set-cookie-1` and so on. No script can send a `Sec-` header. */
  repeatCookies: 'sec-repeat-cookies',
  /** with a number: `x-auth-set-cookie-1` */
  authSetCookie: 'x-auth-set-cookie',
  /** the code of a refusal, for a proxy that cannot read its body */
  authError: 'x-auth-error',
} as const
export const REFRESH_COOKIE = 'refresh_token'
/**
 * The cookie's name if it is Secure and has no Domain: no other host can set a cookie of this name.
 */
export const HOST_REFRESH_COOKIE = '__Host-refresh_token'
/** Only `/verify` reads an access token from a cookie. */
export const ACCESS_COOKIE = 'access_token'
/** The same for a cookie that is Secure and has no Domain. */
export const HOST_ACCESS_COOKIE = '__Host-access_token'

/**
 * `{status, message, data}`: the body of every 2xx response. An example of the data becomes one of
 * the body.
 */
export function Envelope<Data extends TSchema & { examples?: unknown }>(data: Data) {
  const { examples } = data
  const [example] = Array.isArray(examples) ? (examples as unknown[]) : [undefined]
  return Type.Object(
    { status: Type.Integer(), message: Type.String(), data },
    example === undefined ? {} : { examples: [{ status: 200, message: 'Done', data: example }] },
  )
}

export const ErrorEnvelope = Type.Object({
  status: Type.Integer(),
  message: Type.String(),
  data: Type.Null(),
  error: Type.Object({
    code: Type.Enum(Object.keys(ERROR_CODES) as ErrorCode[]),
    retryable: Type.Boolean(),
    request_id: Type.String(),
  }),
})

/** Values that the API reference shows. */
export const EXAMPLE = {
  accessToken: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl',
  refreshToken: 'art_AQEBmMGgAAAAcAAAgAAAAAAAAgAAAAAAAAE',
  userId: '0198c1a0-0000-7000-8000-000000000001',
  sessionId: '0198c1a0-0000-7000-8000-000000000002',
  noticeId: '0198c1a0-0000-7000-8000-000000000003',
  requestId: '0198c1a0-0000-7000-8000-000000000004',
  time: '2026-12-01T08:00:00Z',
} as const

const strict = { additionalProperties: false }
const noControlCharacters = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'

export const SignInBody = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 128, pattern: noControlCharacters }),
    password: Type.String({ minLength: 1, maxLength: 256, pattern: noControlCharacters }),
    transport: Type.Optional(
      Type.Union([Type.Literal('body'), Type.Literal('cookie')], { default: 'body' }),
    ),
  },
  { ...strict, examples: [{ username: 'admin', password: 'password' }] },
)
export type SignInBody = Static<typeof SignInBody>

const Password = Type.String({ minLength: 1, maxLength: 256, pattern: noControlCharacters })
const NewPassword = Type.String({
  minLength: 1,
  maxLength: 256,
  description: '15 to 256 characters, not easy to guess',
})

export const ChangePasswordBody = Type.Object(
  { current_password: Password, new_password: NewPassword },
  {
    ...strict,
    examples: [
      { current_password: 'correct horse battery', new_password: 'another horse battery' },
    ],
  },
)
export type ChangePasswordBody = Static<typeof ChangePasswordBody>

export const ResetPasswordBody = Type.Object(
  {
    token: Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '^[\\x21-\\x7e]+$',
      description: 'the one-time token that the user received',
    }),
    new_password: NewPassword,
  },
  {
    ...strict,
    examples: [
      {
        token: 'arp_8l0bYxFv2mZ5cQ7tR1nJwKeUoHsGdPaLiXyTzV3B6kM',
        new_password: 'another horse battery',
      },
    ],
  },
)
export type ResetPasswordBody = Static<typeof ResetPasswordBody>

/**
 * Absent, empty, null and the strings "null" and "undefined" (which the guide's client sends) mean
 * no token.
 */
export const RefreshBody = Type.Object(
  { refresh_token: Type.Optional(Type.Union([Type.String(), Type.Null()])) },
  { ...strict, examples: [{ refresh_token: EXAMPLE.refreshToken }] },
)
export type RefreshBody = Static<typeof RefreshBody>

/** What the configuration of a proxy asks of `/verify`. */
export const VerifyQuery = Type.Object(
  {
    role: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'other users get a 403' }),
    ),
    refresh: Type.Optional(
      Type.Literal('cookie', {
        description: 'the proxy hands every `Set-Cookie` of the response to the browser',
      }),
    ),
  },
  strict,
)
export type VerifyQuery = Static<typeof VerifyQuery>

export const TokenPairData = Type.Object(
  {
    access_token: Type.String(),
    refresh_token: Type.Optional(
      Type.String({ description: 'absent if the token is sent in the HttpOnly cookie' }),
    ),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'seconds until the access token expires' }),
    refreshed: Type.Optional(
      Type.Boolean({ description: 'auto-refresh only: whether the pair is new' }),
    ),
  },
  {
    examples: [
      {
        access_token: EXAMPLE.accessToken,
        refresh_token: EXAMPLE.refreshToken,
        token_type: 'bearer',
        expires_in: 1800,
      },
    ],
  },
)
export type TokenPairData = Static<typeof TokenPairData>

export const TokenStatusData = Type.Object(
  {
    valid: Type.Boolean(),
    needs_refresh: Type.Boolean(),
    time_until_expiry: Type.Integer({ minimum: 0, description: 'seconds' }),
    expires_at: Type.String({ description: 'UTC without milliseconds, 2026-01-01T12:00:00Z' }),
    username: Type.Optional(Type.String()),
    role: Type.Optional(Type.String()),
    reason: Type.Optional(Type.Union([Type.Literal('expired'), Type.Literal('revoked')])),
  },
  {
    examples: [
      {
        valid: true,
        needs_refresh: false,
        time_until_expiry: 1712,
        expires_at: EXAMPLE.time,
        username: 'admin',
        role: 'admin',
      },
    ],
  },
)
export type TokenStatusData = Static<typeof TokenStatusData>

export const MeData = Type.Object(
  {
    user_id: Type.String(),
    username: Type.String(),
    role: Type.String(),
    session_id: Type.String(),
    authenticated_at: Type.String(),
    session_expires_at: Type.String(),
  },
  {
    examples: [
      {
        user_id: EXAMPLE.userId,
        username: 'admin',
        role: 'admin',
        session_id: EXAMPLE.sessionId,
        authenticated_at: EXAMPLE.time,
        session_expires_at: '2026-12-31T08:00:00Z',
      },
    ],
  },
)
export type MeData = Static<typeof MeData>

export const SessionData = Type.Object({
  id: Type.String({ format: 'uuid' }),
  current: Type.Boolean({ description: 'the session of the access token in the request' }),
  signed_in_at: Type.String(),
  last_refreshed_at: Type.String(),
  expires_at: Type.String({ description: 'the absolute end' }),
  network: Type.String({ description: 'the /24 or /48 of the last refresh' }),
  user_agent: Type.String(),
})
export const SessionsData = Type.Object(
  { sessions: Type.Array(SessionData) },
  {
    examples: [
      {
        sessions: [
          {
            id: EXAMPLE.sessionId,
            current: true,
            signed_in_at: EXAMPLE.time,
            last_refreshed_at: EXAMPLE.time,
            expires_at: '2026-12-31T08:00:00Z',
            network: '203.0.113.0/24',
            user_agent: 'Mozilla/5.0',
          },
        ],
      },
    ],
  },
)
export type SessionsData = Static<typeof SessionsData>

export const NoticeData = Type.Object({
  id: Type.String({ format: 'uuid' }),
  kind: Type.Enum(['session_ended_token_reused', 'password_changed'] as const),
  session_id: Type.Optional(
    Type.String({
      format: 'uuid',
      description: 'the session that ended, or that changed the password',
    }),
  ),
  occurred_at: Type.String(),
  message: Type.String(),
})
export const NoticesData = Type.Object(
  { notices: Type.Array(NoticeData) },
  {
    examples: [
      {
        notices: [
          {
            id: EXAMPLE.noticeId,
            kind: 'session_ended_token_reused',
            session_id: EXAMPLE.sessionId,
            occurred_at: EXAMPLE.time,
            message: 'A session of yours was ended because its refresh token was used twice.',
          },
        ],
      },
    ],
  },
)
export type NoticesData = Static<typeof NoticesData>

export const IdParams = Type.Object({ id: Type.String({ format: 'uuid' }) }, strict)
