import type { PeekResult, TokenStore } from '@auto-refresh/contracts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import { toRotateRequest } from './refresh.ts'

export type ChooseRefreshToken = (request: {
  /** distinct refresh cookies of one request, at least one */
  refreshTokens: readonly string[]
  accessToken: string | undefined
  context: RequestContext
}) => Promise<string>
type ChooseRefreshTokenDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'peek'>
  checkAccessToken: CheckAccessToken
  accessTtlSeconds: number
}>

type Candidate = Readonly<{ refreshToken: string; peeked: PeekResult }>

/**
 * Chooses one of several refresh cookies: a change of COOKIE_DOMAIN, a sibling host or another
 * application can leave more than one. Prefers authentic tokens, then the session of the access
 * token (which may have expired), then the newest session that can be refreshed. Changes nothing.
 * Throws `CodedError('unavailable')`.
 */
export function createChooseRefreshToken({
  tokenStore,
  checkAccessToken,
  accessTtlSeconds,
}: ChooseRefreshTokenDeps): ChooseRefreshToken {
  return async ({ refreshTokens, accessToken, context }) => {
    const [check, ...candidates] = await Promise.all([
      checkAccessToken(accessToken),
      ...refreshTokens.map(async (refreshToken): Promise<Candidate> => ({
        refreshToken,
        peeked: await tokenStore.peek(toRotateRequest({ refreshToken, context }, accessTtlSeconds)),
      })),
    ])
    const namedSessionId = 'claims' in check ? check.claims.sid : undefined
    const [best] = candidates.toSorted((a, b) => compare(b, a, namedSessionId))
    return best?.refreshToken ?? ''
  }
}

/** Greater than 0 when `a` is better. */
function compare(a: Candidate, b: Candidate, namedSessionId: string | undefined): number {
  const isNamed = ({ peeked }: Candidate) =>
    Number(namedSessionId !== undefined && sessionIdOf(peeked) === namedSessionId)
  return (
    isNamed(a) - isNamed(b) ||
    RANKS[a.peeked.outcome] - RANKS[b.peeked.outcome] ||
    openedAt(a) - openedAt(b) ||
    generationRank(a) - generationRank(b)
  )
}

function sessionIdOf(peeked: PeekResult): string | undefined {
  if ('session' in peeked) return peeked.session.id
  return 'sessionId' in peeked ? peeked.sessionId : undefined
}

/** Temporary refusals rank above final ones; forged tokens rank last. */
const RANKS: Record<PeekResult['outcome'], number> = {
  rotated: 5,
  regressed: 5,
  replayed: 5,
  rate_limited: 4,
  unknown_session: 3,
  reused: 2,
  revoked: 2,
  expired: 2,
  session_mismatch: 2,
  unknown_kid: 1,
  invalid: 0,
}
const openedAt = ({ peeked }: Candidate) =>
  'session' in peeked ? peeked.session.authenticatedAtMs : 0
/** Prefers the newer generation of one session: the older one may soon count as a reuse. */
const generationRank = ({ peeked }: Candidate) =>
  Number(peeked.outcome === 'rotated') + 2 * Number(peeked.outcome === 'regressed')
