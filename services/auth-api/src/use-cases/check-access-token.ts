import type { CheckAccessToken, Revocations, VerifyAccessToken } from '../ports.ts'

/** An authentic access token is also held against the revocation list; revoked outweighs expired. */
export function createCheckAccessToken({ verify, revocations }: { verify: VerifyAccessToken; revocations: Revocations }): CheckAccessToken {
  return async (token) => {
    if (token === undefined) return { outcome: 'missing' }
    const verified = await verify(token)
    if (!('claims' in verified) || !revocations.isRevoked(verified.claims.sid)) return verified
    return { outcome: 'revoked', claims: verified.claims }
  }
}
