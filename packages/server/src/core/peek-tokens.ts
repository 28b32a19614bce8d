import type { PresentedRefreshToken } from './read-refresh-token.ts'
import type { ClientRequest } from './client-request.ts'
import type { PeekResult, Renewal, RenewalRequest } from './renewal.ts'

/** A refresh token of a request, ready to be exchanged. */
export type DueRequest<Request extends ClientRequest> = RenewalRequest<Request> &
  PresentedRefreshToken

type PeekedToken<Request extends ClientRequest> = {
  peeked: PeekResult
  cause?: unknown
  due: DueRequest<Request>
}

const UNAVAILABLE = { outcome: 'unavailable' } as const

/**
 * Of several cookies, one that would refresh this session wins. A superseded or foreign one beside
 * it is no evidence of a theft.
 */
const RANKS: Record<PeekResult['outcome'], number> = {
  would_renew: 0,
  rate_limited: 1,
  unavailable: 2,
  reused: 3,
  user_inactive: 3,
  revoked: 3,
  expired: 4,
  session_mismatch: 5,
  invalid: 6,
}

/**
 * Peeks at the presented tokens and returns the best one. A reuse is sent to `renew` here, so that
 * the alarm does not depend on the handler's success. Never rejects.
 */
export async function peekTokens<Request extends ClientRequest>(
  renewal: Renewal<Request>,
  presented: PresentedRefreshToken,
  given: Pick<DueRequest<Request>, 'sessionId' | 'request'>,
): Promise<PeekedToken<Request>> {
  const tokens = [presented.token, ...(presented.others ?? [])]
  const peeks = await Promise.all(
    tokens.map((token) => peekAt(renewal, { ...presented, ...given, refreshToken: token })),
  )
  const best = peeks.reduce((first, next) =>
    RANKS[next.peeked.outcome] < RANKS[first.peeked.outcome] ? next : first,
  )
  if (best.peeked.outcome !== 'reused') return best
  try {
    const result = await renewal.renew(best.due)
    return { ...best, peeked: result.outcome === 'renewed' ? UNAVAILABLE : result }
  } catch (cause) {
    return { ...best, peeked: UNAVAILABLE, cause }
  }
}

async function peekAt<Request extends ClientRequest>(
  renewal: Renewal<Request>,
  due: DueRequest<Request>,
): Promise<PeekedToken<Request>> {
  try {
    return { peeked: await renewal.peek(due), due }
  } catch (cause) {
    return { peeked: UNAVAILABLE, cause, due }
  }
}
