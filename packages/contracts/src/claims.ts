import { Type, type Static } from 'typebox'

/**
 * The longest lifetime of an access token: a day. The settings allow no longer one, and a longer one
 * is rejected: revocations and changed roles are kept only for this time.
 */
export const LONGEST_ACCESS_TOKEN_SECONDS = 86_400

/** The claims of an access token (RFC 9068, `typ: at+jwt`). Times are Unix seconds. */
export const AccessTokenClaims = Type.Object({
  iss: Type.String(),
  sub: Type.String({ format: 'uuid', description: 'user id' }),
  aud: Type.String(),
  exp: Type.Integer(),
  iat: Type.Integer(),
  jti: Type.String(),
  client_id: Type.String(),
  sid: Type.String({ format: 'uuid', description: 'session id; revocations refer to it' }),
  username: Type.String(),
  role: Type.String(),
  auth_time: Type.Integer({ description: 'when the user was authenticated' }),
  session_exp: Type.Integer({
    description: 'the absolute end of the session; no token outlives it',
  }),
  amr: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'how the user was authenticated (RFC 8176); `pwd`: with a password that this service keeps',
    }),
  ),
  claims: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: "the user's own claims, current at each refresh; absent if there are none",
    }),
  ),
})
export type AccessTokenClaims = Static<typeof AccessTokenClaims>
