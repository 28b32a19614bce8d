import type { StoredSession } from '@auto-refresh/contracts'
import { toAccessTokenClaims, type TokenPolicy } from '../../domain/access-token-claims.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import type { SigningKeys } from '../../ports/access-tokens.ts'
import type { UserState } from '../../ports/known-users.ts'
import type { Clock, CreateId } from '../../ports/runtime.ts'

export type SignPair = (grant: {
  session: StoredSession
  user: UserState
  refreshToken: string
}) => Promise<TokenPair>
type SignPairDeps = Readonly<{
  signingKeys: Pick<SigningKeys, 'sign'>
  policy: TokenPolicy
  clock: Clock
  createId: CreateId
}>

/**
 * Signs a new access token and returns it with the refresh token that token-store issued. Works
 * from memory, because it runs after the commit.
 */
export function createSignPair({ signingKeys, policy, clock, createId }: SignPairDeps): SignPair {
  return async ({ session, user, refreshToken }) => {
    const claims = toAccessTokenClaims({
      session,
      user,
      policy,
      nowMs: clock.nowMs(),
      jti: createId(),
    })
    return {
      accessToken: await signingKeys.sign(claims),
      refreshToken,
      expiresInSeconds: Math.max(0, claims.exp - claims.iat),
      sessionId: session.id,
      idleUntilMs: session.idleUntilMs,
    }
  }
}
