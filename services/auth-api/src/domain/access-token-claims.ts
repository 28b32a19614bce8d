import type { AccessTokenClaims, StoredSession } from '@auto-refresh/contracts'
import type { UserClaims } from './user-claims.ts'

/** RFC 8176. token-store keeps nothing for a session of a user with a password. */
const BY_PASSWORD = ['pwd']

/** When a session was opened (Unix ms): its id is a UUIDv7, which begins with that time. */
export const toOpenedAtMs = (sessionId: string): number =>
  Number.parseInt(sessionId.replaceAll('-', '').slice(0, 12), 16)

export type TokenPolicy = Readonly<{ issuer: string; audience: string; accessTtlSeconds: number }>

/**
 * Margin for clocks that differ and for the time between commit and signature. token-store gets a
 * lifetime longer by this, so that it keeps each revocation until the last access token has
 * expired.
 */
export const ACCESS_TTL_MARGIN_SECONDS = 60

/**
 * What a thief with a stolen token must not do needs a sign-in this recent: ending the owner's other
 * sessions, and writing as an administrator.
 */
const RECENT_SECONDS = 900

/** Whether the sign-in of an access token is recent. `nowMs`: Unix milliseconds. */
export const isRecentSignIn = (
  { auth_time }: Pick<AccessTokenClaims, 'auth_time'>,
  nowMs: number,
): boolean => nowMs / 1000 - auth_time <= RECENT_SECONDS

/**
 * Returns the claims of a new access token (RFC 9068). It expires after the lifetime of the policy,
 * never after the absolute end of the session. Name and role are the current ones.
 */
export function toAccessTokenClaims({
  session,
  user,
  policy,
  nowMs,
  jti,
}: {
  session: Pick<
    StoredSession,
    'id' | 'clientId' | 'authenticatedAtMs' | 'expiresAtMs' | 'amr' | 'authTimeMs'
  >
  user: { id: string; username: string; role: string; claims: UserClaims }
  policy: TokenPolicy
  nowMs: number
  jti: string
}): AccessTokenClaims {
  const iat = Math.floor(nowMs / 1000)
  const sessionExp = Math.floor(session.expiresAtMs / 1000)
  const { amr = BY_PASSWORD, authTimeMs = session.authenticatedAtMs } = session
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
    auth_time: Math.floor(authTimeMs / 1000),
    session_exp: sessionExp,
    ...(amr.length > 0 && { amr }),
    ...(Object.keys(user.claims).length > 0 && { claims: user.claims }),
  }
}
