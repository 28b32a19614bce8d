import {
  CodedError,
  type ErrorCode,
  type PeekResult,
  type TokenStore,
} from '@auto-refresh/contracts'
import { TOKEN_REFUSAL_CODES } from '../../domain/refresh-refusal.ts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { FindProvenSession, ProvenSession, SessionProof } from './find-proven-session.ts'
import type { LimitEnded } from '../refresh/limit-refused.ts'
import { toRotateRequest } from '../refresh/refresh.ts'

/** `refusal`: the error when the proof is expired or revoked. */
type LiveSession = Readonly<{ session: ProvenSession; refusal?: CodedError }>
export type FindLiveSession = (proof: SessionProof) => Promise<LiveSession>

type FindLiveSessionDeps = Readonly<{
  checkAccessToken: CheckAccessToken
  tokenStore: Pick<TokenStore, 'peek'>
  findProvenSession: FindProvenSession
  limitEnded: LimitEnded
  accessTtlSeconds: number
}>

/**
 * Finds the session of a valid access token, or of a refresh token that a refresh would accept. It
 * only peeks, so a superseded token raises no alarm. Throws the refusal when the session of an
 * expired or revoked proof is unknown, and all errors of `FindProvenSession`.
 */
export function createFindLiveSession(deps: FindLiveSessionDeps): FindLiveSession {
  const { checkAccessToken, tokenStore, findProvenSession, limitEnded, accessTtlSeconds } = deps

  return async (proof) => {
    const { refreshToken, context } = proof
    const check = await checkAccessToken(proof.accessToken)
    if (check.outcome !== 'valid' && refreshToken !== undefined) {
      const expectedSessionId = 'claims' in check ? check.claims.sid : undefined
      const request = { refreshToken, expectedSessionId, context }
      return judge(await tokenStore.peek(toRotateRequest(request, accessTtlSeconds)), proof)
    }
    const session = await findProvenSession({ accessToken: proof.accessToken, context })
    if (check.outcome === 'valid' && session?.active === true) return { session }
    const code = check.outcome === 'expired' ? 'access_token_expired' : 'access_token_revoked'
    return refuse(session, new CodedError(code), proof)
  }

  async function judge(peeked: PeekResult, proof: SessionProof): Promise<LiveSession> {
    if ('session' in peeked) {
      const { id, userId, userVersion } = peeked.session
      return { session: { id, userId, userVersion, active: true } }
    }
    if (peeked.outcome === 'rate_limited') {
      // token-store limits only tokens that it would otherwise accept.
      const { refreshToken, context } = proof
      const session = await findProvenSession({ refreshToken, context })
      return session?.active === true
        ? { session }
        : refuse(session, new CodedError('refresh_token_revoked'), proof)
    }
    return refuse(await findProvenSession(proof), toError(peeked.outcome), proof)
  }

  async function refuse(
    session: ProvenSession | undefined,
    refusal: CodedError,
    { context: { block } }: SessionProof,
  ): Promise<LiveSession> {
    if (session === undefined) throw refusal
    // `findProvenSession` has already limited ended sessions.
    const limited = session.active ? await limitEnded({ sessionId: session.id, block }) : undefined
    if (limited === undefined) return { session, refusal }
    throw new CodedError('rate_limited', { retryAfterSeconds: limited.retryAfterSeconds })
  }
}

type DeadOutcome = Exclude<
  PeekResult,
  { session: unknown } | { outcome: 'rate_limited' }
>['outcome']

const CODES: Record<DeadOutcome, ErrorCode> = {
  ...TOKEN_REFUSAL_CODES,
  // This check ends no session, so a superseded token is not reported as a detected reuse.
  reused: 'refresh_token_revoked',
  unknown_kid: 'unavailable',
  unknown_session: 'unavailable',
}
const SUPERSEDED = 'This refresh token has been superseded; send the newest one, or sign in again'

function toError(outcome: DeadOutcome): CodedError {
  return new CodedError(CODES[outcome], outcome === 'reused' ? { detail: SUPERSEDED } : {})
}
