import { CodedError, type AccessTokenClaims } from '@auto-refresh/contracts'
import { compactVerify, errors, type CryptoKey } from 'jose'
import { parseCanonicalJson } from './canonical-part.ts'
import { checkClaims, secondsAhead } from './check-claims.ts'
import { parseJwsHeader } from './parse-jws-header.ts'

type AccessTokenVerdict =
  { outcome: 'valid' | 'expired'; claims: AccessTokenClaims } | { outcome: 'invalid' | 'retired' }
export type VerifyAccessToken = (token: string) => Promise<AccessTokenVerdict>

const INVALID = { outcome: 'invalid' } as const

/**
 * Verifies an access token off-line (RFC 9068, RFC 8725): algorithm, type, issuer and audience are
 * fixed here and never taken from the token, and only the canonical encoding counts. An authentic
 * token that is merely too old is told apart. Says nothing about revocation. Throws what `findKey`
 * throws, and `CodedError('unavailable')` for an authentic token from the future: one of our clocks
 * is wrong, and the user is not to be signed out for it.
 */
export function createAccessTokenVerifier({
  findKey,
  isRetiredKey = () => false,
  issuer,
  audience,
  clock,
}: {
  findKey: (kid: string) => CryptoKey | undefined | Promise<CryptoKey | undefined>
  /** whether others may hold the key: nothing that it signed counts, and the client refreshes */
  isRetiredKey?: (kid: string) => boolean
  issuer: string
  audience: string
  clock: { nowMs(): number }
}): VerifyAccessToken {
  return async (token) => {
    const header = parseJwsHeader(token)
    if (header === undefined) return INVALID
    if (isRetiredKey(header.kid)) return { outcome: 'retired' }
    const key = await findKey(header.kid)
    // It may have been retired while its key was looked for.
    if (key === undefined && isRetiredKey(header.kid)) return { outcome: 'retired' }
    if (key === undefined || !(await isSignedBy(key, token))) return INVALID

    const nowMs = clock.nowMs()
    const claims = checkClaims(parseCanonicalJson(token.split('.')[1] ?? ''), { issuer, audience })
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
