import { Type, type Static } from 'typebox'

/**
 * No access token lives longer than a day. The setting allows no more, and whatever is kept for as
 * long as a token may live (revocations, changed roles) relies on it: a longer one is refused.
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
  sid: Type.String({ format: 'uuid', description: 'session id; what a revocation names' }),
  username: Type.String(),
  role: Type.String(),
  auth_time: Type.Integer({ description: 'when the user signed in' }),
  session_exp: Type.Integer({
    description: 'the absolute end of the session; no token outlives it',
  }),
})
export type AccessTokenClaims = Static<typeof AccessTokenClaims>
