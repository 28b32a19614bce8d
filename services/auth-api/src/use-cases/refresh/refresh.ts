import type { PeekResult, RotateRequest, RotateResult, TokenStore } from '@auto-refresh/contracts'
import { ACCESS_TTL_MARGIN_SECONDS } from '../../domain/access-token-claims.ts'
import { decideStanding } from '../../domain/decide-standing.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import type { KnownUsers } from '../../ports/known-users.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { Revocations } from '../../ports/revocations.ts'
import type {
  Log,
  Recorder,
  RefreshMetricOutcome,
  RefreshOperation,
} from '../../ports/telemetry.ts'
import type { RefreshRefusal, RefuseRefresh } from './refuse-refresh.ts'
import type { SignPair } from './sign-pair.ts'
import type { TellRefusal } from './tell-refusal.ts'
import { toLogLevel } from './to-log-level.ts'

export type { RefreshRefusal } from './refuse-refresh.ts'

export type RefreshRequest = Readonly<{
  refreshToken: string
  idempotencyKey?: string | undefined
  /**
   * the session of the access token that came along (the middleware): another session's refresh
   * token changes nothing
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
  tellRefusal: TellRefusal
  recorder: Recorder
  log: Log
  accessTtlSeconds: number
}>

/**
 * Renews a pair. token-store decides and commits; what follows works from memory where it can, and
 * a fault after the commit is a 503 whose retry gets the same successor. Throws
 * `CodedError('unavailable')`.
 */
export function createRefresh(deps: RefreshDeps): Refresh {
  const {
    tokenStore,
    knownUsers,
    revocations,
    signPair,
    refuseRefresh,
    tellRefusal,
    recorder,
    log,
  } = deps

  return async (request) => {
    const operation = request.operation ?? 'refresh'
    try {
      const asked = toRotateRequest(request, deps.accessTtlSeconds)
      if (knownUsers.areAway()) await requireKnownUser(asked)
      const rotation = await tokenStore.rotate(asked)
      const {
        result,
        counted,
        isRepeated = false,
      } = 'session' in rotation ? await grant(rotation) : await refuse(rotation, request.context)
      recorder.refreshed(
        operation,
        counted,
        'session' in rotation && counted === 'rotated' ? rotation.intervalSeconds : undefined,
      )
      const names = namesOf(rotation)
      tellRefusal(counted, { sessionId: names.sessionId, context: request.context })
      const line = {
        event: 'refresh',
        operation,
        outcome: counted,
        ...names,
        network: request.context.network,
      }
      log[isRepeated ? 'debug' : toLogLevel(rotation, counted)](line, `Refresh ${counted}`)
      return result
    } catch (error) {
      recorder.refreshed(operation, 'unavailable')
      throw error
    }
  }

  /**
   * While the users cannot be read, a rotation whose answer we could not give would age until its
   * retry looks like a theft: only who is known here is rotated, and a reuse waits until we could
   * have answered.
   */
  async function requireKnownUser(asked: RotateRequest): Promise<void> {
    const peeked = await tokenStore.peek(asked)
    if ('session' in peeked) await knownUsers.find(peeked.session.userId)
    if (peeked.outcome === 'reused' && knownUsers.areAway()) await knownUsers.find(peeked.userId)
  }

  async function grant({ outcome, session, token }: Granted): Promise<Decided> {
    const known = decideStanding(await knownUsers.find(session.userId), session.userVersion)
    if (known.standing !== 'good')
      return { result: { outcome: known.standing }, counted: known.standing }
    const pair = await signPair({ session, user: known.user, refreshToken: token })
    // A revoke that finished while this was under way wins.
    if (revocations.isRevoked(session.id))
      return { result: { outcome: 'revoked' }, counted: 'revoked' }
    return { result: { outcome, pair }, counted: outcome }
  }

  async function refuse(
    refused: Exclude<RotateResult, Granted>,
    context: RequestContext,
  ): Promise<Decided> {
    if (refused.outcome === 'reused') revocations.add(refused.sessionId)
    const { refusal, counted, isRepeated } = await refuseRefresh(refused, context)
    return { result: refusal, counted, isRepeated }
  }
}

type Granted = Extract<RotateResult, { session: unknown }>
type Decided = { result: RefreshResult; counted: RefreshMetricOutcome; isRepeated?: boolean }

/** Whom a line in the log is about, as far as the store told. */
export function namesOf(answer: RotateResult | PeekResult): {
  sessionId?: string
  userId?: string
} {
  if ('session' in answer) return { sessionId: answer.session.id, userId: answer.session.userId }
  return 'sessionId' in answer && answer.sessionId !== undefined
    ? { sessionId: answer.sessionId }
    : {}
}

/** What token-store is asked, by `rotate` and by `peek` alike. */
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
