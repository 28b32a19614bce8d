import type { TokenStore } from '@auto-refresh/contracts'
import { checkSessionUser } from '../../domain/check-session-user.ts'
import { toReportedOutcome, type RefreshRefusal } from '../../domain/refresh-refusal.ts'
import type { KnownUsers } from '../../ports/known-users.ts'
import type { User } from '../../ports/users.ts'
import { toRotateRequest, type RefreshRequest } from './refresh.ts'
import type { RefuseRefresh } from './refuse-refresh.ts'
import type { ReportRefresh } from './report-refresh.ts'

/** `user`: the current name and role; an expired access token may carry an old role. */
type PeekRefreshResult =
  { outcome: 'would_renew'; user: Pick<User, 'username' | 'role'> } | RefreshRefusal
export type PeekRefresh = (request: Omit<RefreshRequest, 'operation'>) => Promise<PeekRefreshResult>

type PeekRefreshDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'peek'>
  knownUsers: Pick<KnownUsers, 'find'>
  refuseRefresh: RefuseRefresh
  reportRefresh: ReportRefresh
  accessTtlSeconds: number
}>

/**
 * Returns what `refresh` would return now, and changes no session. The middleware calls it before
 * the handler runs. It carries out a reuse with `refresh`, which reports it; all other refusals are
 * reported here. Throws `CodedError('unavailable')`.
 */
export function createPeekRefresh({
  tokenStore,
  knownUsers,
  refuseRefresh,
  reportRefresh,
  accessTtlSeconds,
}: PeekRefreshDeps): PeekRefresh {
  return async (request) => {
    const { context } = request
    const operation = 'middleware'
    const stored = await tokenStore.peek(toRotateRequest(request, accessTtlSeconds))
    if (!('session' in stored)) {
      const { refusal, isRepeated } = await refuseRefresh(stored, context)
      const outcome = toReportedOutcome(refusal)
      if (outcome !== 'reused') reportRefresh({ operation, outcome, stored, context, isRepeated })
      return refusal
    }
    const { session } = stored
    const known = checkSessionUser(await knownUsers.find(session.userId), session)
    if (known.outcome === 'active') {
      const { username, role } = known.user
      return { outcome: 'would_renew', user: { username, role } }
    }
    reportRefresh({ operation, outcome: known.outcome, stored, context })
    return known
  }
}
