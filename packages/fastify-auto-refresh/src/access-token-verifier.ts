import type { AccessTokenClaims } from '@auto-refresh/contracts'
import { compactVerify, errors, type CryptoKey } from 'jose'
import { parseCanonicalJson } from './canonical-part.ts'
import { checkClaims } from './check-claims.ts'
import { parseJwsHeader } from './parse-jws-header.ts'

export type AccessTokenVerdict = { outcome: 'valid' | 'expired'; claims: AccessTokenClaims } | { outcome: 'invalid' }
export type VerifyAccessToken = (token: string) => Promise<AccessTokenVerdict>

const INVALID = { outcome: 'invalid' } as const

/**
 * Verifies an access token off-line (RFC 9068, RFC 8725): algorithm, type, issuer and audience are fixed here and never taken
 * from the token, and only the canonical encoding counts. An authentic token that is merely too old is told apart. Says
 * nothing about revocation. Throws only what `findKey` throws.
 */
export function createAccessTokenVerifier({ findKey, issuer, audience, clock }: {
  findKey: (kid: string) => CryptoKey | undefined | Promise<CryptoKey | undefined>
  issuer: string
  audience: string
  clock: { nowMs(): number }
}): VerifyAccessToken {
  return async (token) => {
    const header = parseJwsHeader(token)
    if (header === undefined) return INVALID
    const key = await findKey(header.kid)
    if (key === undefined || !(await isSignedBy(key, token))) return INVALID

    const nowMs = clock.nowMs()
    const claims = checkClaims(parseCanonicalJson(token.split('.')[1] ?? ''), { issuer, audience, nowSeconds: nowMs / 1000 })
    if (claims === undefined) return INVALID
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
