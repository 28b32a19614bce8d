import type { AccessTokenClaims, StoredSession } from '@auto-refresh/contracts'

export type TokenPolicy = Readonly<{ issuer: string; audience: string; accessTtlSeconds: number }>

/**
 * How far clocks and the way from token-store to the signature may be apart: the store is told a
 * life longer by this, so that a revocation is never forgotten before the last access token has
 * expired.
 */
export const ACCESS_TTL_MARGIN_SECONDS = 60

/**
 * RFC 9068. It expires after the policy's life, never past the session's absolute end; name and
 * role are the user's of now.
 */
export function toAccessTokenClaims({
  session,
  user,
  policy,
  nowMs,
  jti,
}: {
  session: Pick<StoredSession, 'id' | 'clientId' | 'authenticatedAtMs' | 'expiresAtMs'>
  user: { id: string; username: string; role: string }
  policy: TokenPolicy
  nowMs: number
  jti: string
}): AccessTokenClaims {
  const iat = Math.floor(nowMs / 1000)
  const sessionExp = Math.floor(session.expiresAtMs / 1000)
  return {
    iss: policy.issuer,
    sub: user.id,
    aud: policy.audience,
    exp: Math.min(iat + policy.accessTtlSeconds, sessionExp),
    iat,
    jti,
    client_id: session.clientId,
    sid: session.id,
    username: user.username,
    role: user.role,
    auth_time: Math.floor(session.authenticatedAtMs / 1000),
    session_exp: sessionExp,
  }
}
