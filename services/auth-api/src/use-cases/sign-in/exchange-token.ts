import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import { DEFAULT_ROLE } from '../../domain/role.ts'
import { refuseDisplayName } from '../../domain/external-user.ts'
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
      const { username, ...user } = toExternalUser(issuer, claims, DEFAULT_ROLE)
      const result = await openExternalSession({
        user: {
          ...user,
          // A name is for display: one that we refuse does not refuse the user.
          ...(username !== undefined && refuseDisplayName(username) === undefined && { username }),
        },
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
      await usedTokens.release(hash)
      if (result.outcome === 'role_protected') throw new CodedError('forbidden')
      return result
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
    { block, network }: RequestContext,
  ): Promise<ExchangeTokenResult> {
    const limited = await limitRefused(`subject_token ${block}`)
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
