import type { AccessTokenClaims } from '@auto-refresh/contracts'
import type { JSONWebKeySet } from 'jose'

export interface SigningKeys {
  /** Signs with the active key, from memory, so that it cannot fail after a committed rotation. */
  sign(claims: AccessTokenClaims): Promise<string>
  jwks(): JSONWebKeySet
}

/**
 * Checks form, header, signature, issuer, audience and expiry of an access token, not revocation.
 */
export type VerifyAccessToken = (
  token: string,
) => Promise<
  { outcome: 'valid' | 'expired'; claims: AccessTokenClaims } | { outcome: 'invalid' | 'retired' }
>

export type AccessTokenCheck =
  | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
  /** `retired`: signed with a retired key, so its claims do not count; a refresh helps */
  | { outcome: 'missing' | 'invalid' | 'retired' }

export type CheckAccessToken = (token: string | undefined) => Promise<AccessTokenCheck>
