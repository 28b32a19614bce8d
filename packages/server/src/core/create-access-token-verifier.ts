import { CodedError, type AccessTokenClaims } from '@auto-refresh/contracts'
import { compactVerify, errors, type CryptoKey } from 'jose'
import { parseCanonicalJson } from './parse-canonical-json.ts'
import { checkClaims, secondsAhead } from './check-claims.ts'
import { parseJwsHeader } from './parse-jws-header.ts'

/** `expired` tokens are authentic; `retired` ones name a key that may have leaked. */
type AccessTokenVerdict =
  { outcome: 'valid' | 'expired'; claims: AccessTokenClaims } | { outcome: 'invalid' | 'retired' }
/** Verifies one access token; see `createAccessTokenVerifier`. */
export type VerifyAccessToken = (token: string) => Promise<AccessTokenVerdict>

const INVALID = { outcome: 'invalid' } as const

/**
 * Creates a verifier that checks access tokens offline (RFC 9068, RFC 8725). Algorithm, type,
 * issuer and audience are fixed here and never taken from the token, and only the canonical
 * encoding is accepted. An authentic token that has expired gets its own outcome. Revocation is not
 * checked. The verifier throws what `findKey` throws, and `CodedError('unavailable')` for an
 * authentic token from the future: one of our clocks is wrong, and the user must not be signed out
 * for it.
 */
export function createAccessTokenVerifier({
  findKey,
  isRetiredKey = () => false,
  issuer,
  isIssuer = (named) => named === issuer,
  audience,
  clock,
}: {
  /** returns the public key of a kid; `undefined` if there is none */
  findKey: (kid: string) => CryptoKey | undefined | Promise<CryptoKey | undefined>
  /**
   * whether the key is retired because it may have leaked: its tokens are rejected, and the client
   * refreshes
   */
  isRetiredKey?: (kid: string) => boolean
  /** the expected claims `iss` and `aud` */
  issuer: string
  /** decides about the claim `iss` instead of `issuer` */
  isIssuer?: ((issuer: string) => boolean) | undefined
  audience: string
  /** Unix milliseconds */
  clock: { nowMs(): number }
}): VerifyAccessToken {
  return async (token) => {
    const header = parseJwsHeader(token)
    if (header === undefined) return INVALID
    if (isRetiredKey(header.kid)) return { outcome: 'retired' }
    const key = await findKey(header.kid)
    // The key may have been retired during the look-up.
    if (key === undefined && isRetiredKey(header.kid)) return { outcome: 'retired' }
    if (key === undefined || !(await isSignedBy(key, token))) return INVALID

    const nowMs = clock.nowMs()
    const claims = checkClaims(parseCanonicalJson(token.split('.')[1] ?? ''), {
      isIssuer,
      audience,
    })
    if (claims === undefined) return INVALID
    const ahead = secondsAhead(claims, nowMs / 1000)
    if (ahead > 0) {
      throw new CodedError('unavailable', {
        retryAfterSeconds: Math.min(30, Math.ceil(ahead)),
        cause: new Error(
          `An authentic access token was issued ${Math.round(ahead)} s in the future: compare the clocks`,
        ),
      })
    }
    return { outcome: nowMs < claims.exp * 1000 ? 'valid' : 'expired', claims }
  }
}

async function isSignedBy(key: CryptoKey, token: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: ['ES256'] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}
