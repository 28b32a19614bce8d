import { decideStanding } from '../../domain/decide-standing.ts'
import type { TokenStore } from '@auto-refresh/contracts'
import type { KnownUsers } from '../../ports/known-users.ts'
import type { Log, Recorder, RefreshMetricOutcome } from '../../ports/telemetry.ts'
import type { User } from '../../ports/users.ts'
import { namesOf, toRotateRequest, type RefreshRefusal, type RefreshRequest } from './refresh.ts'
import type { RefuseRefresh } from './refuse-refresh.ts'
import type { TellRefusal } from './tell-refusal.ts'
import { toLogLevel } from './to-log-level.ts'

/** `user` as of now: the role in an expired access token may long be another. */
type PeekRefreshResult =
  { outcome: 'would_renew'; user: Pick<User, 'username' | 'role'> } | RefreshRefusal
export type PeekRefresh = (request: Omit<RefreshRequest, 'operation'>) => Promise<PeekRefreshResult>

type PeekRefreshDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'peek'>
  knownUsers: Pick<KnownUsers, 'find'>
  refuseRefresh: RefuseRefresh
  tellRefusal: TellRefusal
  recorder: Recorder
  log: Log
  accessTtlSeconds: number
}>

/**
 * What `refresh` would answer now, with no session changed: the middleware asks before the handler
 * runs. Only a reuse is then carried out, and counted there; every other refusal ends here. Throws
 * `CodedError('unavailable')`.
 */
export function createPeekRefresh({
  tokenStore,
  knownUsers,
  refuseRefresh,
  tellRefusal,
  recorder,
  log,
  accessTtlSeconds,
}: PeekRefreshDeps): PeekRefresh {
  return async (request) => {
    const peeked = await tokenStore.peek(toRotateRequest(request, accessTtlSeconds))
    if (!('session' in peeked)) {
      const { refusal, counted, isRepeated } = await refuseRefresh(peeked, request.context)
      if (counted !== 'reused') tell(counted, isRepeated)
      return refusal
    }
    const known = decideStanding(
      await knownUsers.find(peeked.session.userId),
      peeked.session.userVersion,
    )
    if (known.standing === 'good')
      return {
        outcome: 'would_renew',
        user: { username: known.user.username, role: known.user.role },
      }
    tell(known.standing)
    return { outcome: known.standing }

    function tell(outcome: RefreshMetricOutcome, isRepeated = false): void {
      recorder.refreshed('middleware', outcome)
      tellRefusal(outcome, { sessionId: namesOf(peeked).sessionId, context: request.context })
      log[isRepeated ? 'debug' : toLogLevel(peeked, outcome)](
        { event: 'refresh', operation: 'middleware', outcome, network: request.context.network },
        `Refresh ${outcome}`,
      )
    }
  }
}
