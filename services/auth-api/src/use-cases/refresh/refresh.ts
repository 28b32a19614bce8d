import type { RotateRequest, RotateResult, TokenStore } from '@auto-refresh/contracts'
import { ACCESS_TTL_MARGIN_SECONDS } from '../../domain/access-token-claims.ts'
import { checkSessionUser } from '../../domain/check-session-user.ts'
import { toReportedOutcome, type RefreshRefusal } from '../../domain/refresh-refusal.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import type { KnownUsers } from '../../ports/known-users.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { Revocations } from '../../ports/revocations.ts'
import type { Metrics, RefreshOperation } from '../../ports/telemetry.ts'
import type { RefuseRefresh } from './refuse-refresh.ts'
import type { ReportRefresh } from './report-refresh.ts'
import type { SignPair } from './sign-pair.ts'

export type RefreshRequest = Readonly<{
  refreshToken: string
  idempotencyKey?: string | undefined
  /**
   * session of the access token in the same request (middleware): a refresh token of another
   * session is refused and changes nothing
   */
  expectedSessionId?: string | undefined
  context: RequestContext
  /** for the metrics; default `refresh` */
  operation?: RefreshOperation
}>

export type RefreshResult =
  { outcome: 'rotated' | 'replayed' | 'regressed'; pair: TokenPair } | RefreshRefusal
export type Refresh = (request: RefreshRequest) => Promise<RefreshResult>

type RefreshDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'rotate' | 'peek'>
  knownUsers: KnownUsers
  revocations: Revocations
  signPair: SignPair
  refuseRefresh: RefuseRefresh
  reportRefresh: ReportRefresh
  metrics: Metrics
  accessTtlSeconds: number
}>

/**
 * Exchanges a refresh token for the next pair. token-store decides and commits. The rest works from
 * memory where it can: after a failure behind the commit (503) a retry gets the same successor.
 * Throws `CodedError('unavailable')`.
 */
export function createRefresh({
  tokenStore,
  knownUsers,
  revocations,
  signPair,
  refuseRefresh,
  reportRefresh,
  metrics,
  accessTtlSeconds,
}: RefreshDeps): Refresh {
  return async (request) => {
    const { context, operation = 'refresh' } = request
    try {
      const rotateRequest = toRotateRequest(request, accessTtlSeconds)
      if (knownUsers.areUnavailable()) await requireKnownUser(rotateRequest)
      const stored = await tokenStore.rotate(rotateRequest)
      const { result, isRepeated } =
        'session' in stored
          ? { result: await grant(stored), isRepeated: false }
          : await refuse(stored, context)
      const outcome = 'pair' in result ? result.outcome : toReportedOutcome(result)
      reportRefresh({ operation, outcome, stored, context, isRepeated })
      return result
    } catch (error) {
      metrics.refreshed(operation, 'unavailable')
      throw error
    }
  }

  /**
   * While the users cannot be read, refreshes only users that this process knows. A rotation whose
   * response we cannot send would age until its retry looks like a theft. A reuse waits too: our
   * own missing response may have caused it.
   */
  async function requireKnownUser(request: RotateRequest): Promise<void> {
    const peeked = await tokenStore.peek(request)
    if ('session' in peeked) await knownUsers.find(peeked.session.userId)
    if (peeked.outcome === 'reused' && knownUsers.areUnavailable())
      await knownUsers.find(peeked.userId)
  }

  async function grant({ outcome, session, token }: Granted): Promise<RefreshResult> {
    const known = checkSessionUser(await knownUsers.find(session.userId), session)
    if (known.outcome !== 'active') return known
    const pair = await signPair({ session, user: known.user, refreshToken: token })
    // A revocation that completed during the rotation wins.
    if (revocations.isRevoked(session.id)) return { outcome: 'revoked' }
    return { outcome, pair }
  }

  async function refuse(stored: Exclude<RotateResult, Granted>, context: RequestContext) {
    if (stored.outcome === 'reused') revocations.add(stored.sessionId)
    const { refusal, isRepeated } = await refuseRefresh(stored, context)
    return { result: refusal, isRepeated }
  }
}

type Granted = Extract<RotateResult, { session: unknown }>

/** The request to token-store, for `rotate` and for `peek`. */
export function toRotateRequest(request: RefreshRequest, accessTtlSeconds: number): RotateRequest {
  const { refreshToken, idempotencyKey, expectedSessionId, context } = request
  return {
    token: refreshToken,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(expectedSessionId === undefined ? {} : { expectedSessionId }),
    context: { network: context.network, agent: context.agent },
    accessTtlSeconds: accessTtlSeconds + ACCESS_TTL_MARGIN_SECONDS,
  }
}
