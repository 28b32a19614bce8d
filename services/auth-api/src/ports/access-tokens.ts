import type { AccessTokenClaims } from '@auto-refresh/contracts'
import type { JSONWebKeySet } from 'jose'

export interface SigningKeys {
  /**
   * Signs with the active key, from memory: nothing that can fail after a rotation was committed.
   */
  sign(claims: AccessTokenClaims): Promise<string>
  jwks(): JSONWebKeySet
}

/**
 * Form, header, signature, issuer, audience and expiry of an access token; nothing about
 * revocation.
 */
export type VerifyAccessToken = (
  token: string,
) => Promise<
  { outcome: 'valid' | 'expired'; claims: AccessTokenClaims } | { outcome: 'invalid' | 'retired' }
>

export type AccessTokenCheck =
  | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
  /** `retired`: it names a retired key, so nothing in it counts; a refresh helps */
  | { outcome: 'missing' | 'invalid' | 'retired' }

export type CheckAccessToken = (token: string | undefined) => Promise<AccessTokenCheck>
