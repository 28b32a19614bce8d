import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import { DEFAULT_ROLE } from '../../domain/role.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import { toAuthentication, toExternalUser } from '../../domain/trusted-issuer.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { Clock } from '../../ports/runtime.ts'
import type {
  SubjectTokenCheck,
  SubjectTokenFault,
  UsedSubjectTokens,
  VerifySubjectToken,
} from '../../ports/subject-tokens.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { LimitRefused } from '../refresh/limit-refused.ts'
import type { OpenExternalSession } from './open-external-session.ts'

export type ExchangeTokenResult =
  | { outcome: 'opened'; pair: TokenPair }
  | { outcome: 'user_inactive' }
  | { outcome: 'refused'; because: SubjectTokenFault }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }
export type ExchangeToken = (request: {
  subjectToken: string
  context: RequestContext
}) => Promise<ExchangeTokenResult>

type ExchangeTokenDeps = Readonly<{
  verifySubjectToken: VerifySubjectToken
  usedTokens: UsedSubjectTokens
  openExternalSession: OpenExternalSession
  tokenStore: Pick<TokenStore, 'revokeSession'>
  limitRefused: LimitRefused
  clock: Clock
  log: Log
}>

type Verified = Extract<SubjectTokenCheck, { outcome: 'verified' }>

/** As after a 503: by then the issuer may be reachable. */
const UNAVAILABLE_WAIT_SECONDS = 5

const toLimitKey = ({ block }: RequestContext) => `subject_token ${block}`

/**
 * Exchanges the ID token of a trusted issuer for a pair, once. Refused tokens are limited by
 * address; an acceptable one never is. Throws `CodedError('unavailable')`: the token can then be
 * exchanged again.
 */
export function createExchangeToken({
  verifySubjectToken,
  usedTokens,
  openExternalSession,
  tokenStore,
  limitRefused,
  clock,
  log,
}: ExchangeTokenDeps): ExchangeToken {
  return async ({ subjectToken, context }) => {
    const check = await verifySubjectToken(subjectToken)
    switch (check.outcome) {
      case 'refused':
        return refuse(check.because, check.authentic, context)
      case 'issuer_unavailable':
        return refuseUnavailable(check, context)
      case 'verified': {
        const claimed = await usedTokens.claim(check)
        if (claimed === 'used') return refuse('it was used before', true, context)
        // A concurrent exchange of the same token decides; it may fail.
        if (claimed === 'busy') return { outcome: 'rate_limited', retryAfterSeconds: 1 }
        return open(check, context)
      }
      default:
        return check satisfies never
    }
  }

  async function open(
    { issuer, claims, hash }: Verified,
    context: RequestContext,
  ): Promise<ExchangeTokenResult> {
    let sessionId: string | undefined
    try {
      const result = await openExternalSession({
        user: toExternalUser(issuer, claims, DEFAULT_ROLE),
        // The operator's file maps roles, so it may also assign those of administrators.
        protectedRoles: [],
        method: 'token_exchange',
        actor: { kind: 'system', name: issuer.issuer },
        ...toAuthentication(claims, clock.nowMs()),
        context,
      })
      if (result.outcome === 'opened') {
        sessionId = result.pair.sessionId
        if (await usedTokens.confirm(hash)) return result
        await undo(hash, sessionId)
        return await refuse('it was used before', true, context)
      }
      if (result.outcome === 'rate_limited') {
        await usedTokens.release(hash)
        return result
      }
      // Used up and limited: otherwise every repetition would write a record of a sign-in.
      await usedTokens.confirm(hash)
      return (await limitRefused(toLimitKey(context))) ?? { outcome: 'user_inactive' }
    } catch (error) {
      await undo(hash, sessionId)
      if (error instanceof CodedError && error.code === 'invalid_request')
        return refuse('a claim is missing or not valid', true, context)
      throw error
    }
  }

  /** The client never gets the session, and repeats the exchange. */
  async function undo(hash: Buffer, sessionId: string | undefined): Promise<void> {
    const ended =
      sessionId === undefined
        ? undefined
        : tokenStore.revokeSession({ sessionId, reason: 'logout' })
    for (const undone of await Promise.allSettled([usedTokens.release(hash), ended]))
      if (undone.status === 'rejected')
        log.warn({ err: undone.reason, sessionId }, 'Undoing a failed token exchange failed')
  }

  async function refuse(
    because: SubjectTokenFault,
    authentic: boolean,
    context: RequestContext,
  ): Promise<ExchangeTokenResult> {
    const { network } = context
    const limited = await limitRefused(toLimitKey(context))
    // Forged and repeated tokens cost their sender nothing, so their lines must not fill the disk.
    log[authentic && limited === undefined ? 'info' : 'debug'](
      { event: 'token_exchange', outcome: 'refused', because, network },
      'Token exchange refused',
    )
    return limited ?? { outcome: 'refused', because }
  }

  /** Forged tokens that name this issuer look the same: they have a limit of their own. */
  async function refuseUnavailable(
    { issuer, cause }: Extract<SubjectTokenCheck, { outcome: 'issuer_unavailable' }>,
    { block }: RequestContext,
  ): Promise<ExchangeTokenResult> {
    const limited = await limitRefused(`issuer_unavailable ${block}`)
    if (limited === undefined)
      throw new CodedError('unavailable', {
        cause: new Error(`Trusted issuer unavailable: ${issuer}`, { cause }),
      })
    return {
      ...limited,
      retryAfterSeconds: Math.min(UNAVAILABLE_WAIT_SECONDS, limited.retryAfterSeconds),
    }
  }
}
