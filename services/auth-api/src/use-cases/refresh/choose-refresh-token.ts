import type { PeekResult, TokenStore } from '@auto-refresh/contracts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import { toRotateRequest } from './refresh.ts'

export type ChooseRefreshToken = (request: {
  /** the distinct values of the refresh cookies of one request, at least one */
  tokens: readonly string[]
  accessToken: string | undefined
  context: RequestContext
}) => Promise<string>
type ChooseRefreshTokenDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'peek'>
  checkAccessToken: CheckAccessToken
  accessTtlSeconds: number
}>

type Candidate = Readonly<{ token: string; peeked: PeekResult }>

/**
 * Chooses among several refresh cookies, which a change of COOKIE_DOMAIN, a sibling host or another
 * application leaves. Authenticity comes first; among authentic ones the session that the access
 * token names (it may have expired), else the newest session that can be refreshed. Changes
 * nothing. Throws `CodedError('unavailable')`.
 */
export function createChooseRefreshToken({
  tokenStore,
  checkAccessToken,
  accessTtlSeconds,
}: ChooseRefreshTokenDeps): ChooseRefreshToken {
  return async ({ tokens, accessToken, context }) => {
    const [check, ...candidates] = await Promise.all([
      checkAccessToken(accessToken),
      ...tokens.map(async (token): Promise<Candidate> => ({
        token,
        peeked: await tokenStore.peek(
          toRotateRequest({ refreshToken: token, context }, accessTtlSeconds),
        ),
      })),
    ])
    const namedSessionId = 'claims' in check ? check.claims.sid : undefined
    const [best] = candidates.toSorted((a, b) => compare(b, a, namedSessionId))
    return best?.token ?? ''
  }
}

/** Above 0 when `a` is the better one. */
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

/** A refusal that may pass outranks one that is final; what is not authentic comes last. */
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
/**
 * Of two generations of one session the newer one: the older one may be about to count as a reuse.
 */
const generationRank = ({ peeked }: Candidate) =>
  Number(peeked.outcome === 'rotated') + 2 * Number(peeked.outcome === 'regressed')
