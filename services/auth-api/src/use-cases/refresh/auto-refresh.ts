import type { TokenStore } from '@auto-refresh/contracts'
import { secondsLeft } from '../../domain/seconds-left.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { IsDue, NotDueLimit } from '../../ports/refresh.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { Metrics } from '../../ports/telemetry.ts'
import {
  toRotateRequest,
  type Refresh,
  type RefreshRequest,
  type RefreshResult,
} from './refresh.ts'

type AutoRefreshResult = { outcome: 'not_due'; pair: TokenPair } | RefreshResult
type Unchanged = Extract<AutoRefreshResult, { outcome: 'not_due' | 'rate_limited' }>
type AutoRefreshRequest = Omit<RefreshRequest, 'operation' | 'expectedSessionId'> & {
  accessToken?: string | undefined
}
export type AutoRefresh = (request: AutoRefreshRequest) => Promise<AutoRefreshResult>

type AutoRefreshDeps = Readonly<{
  refresh: Refresh
  tokenStore: Pick<TokenStore, 'peek'>
  notDueLimit: NotDueLimit
  checkAccessToken: CheckAccessToken
  isDue: IsDue
  metrics: Metrics
  clock: Clock
  accessTtlSeconds: number
}>

/**
 * Refreshes a pair that is due. Returns the pair unchanged (`not_due`) when a valid access token of
 * the same session is not due yet and the refresh token is the current one. Ignores an invalid,
 * expired or foreign access token and calls `refresh`. Throws `CodedError('unavailable')`.
 *
 * `not_due` tells a thief whether the owner has refreshed, so these checks are limited per session
 * and address block.
 */
export function createAutoRefresh({
  refresh,
  tokenStore,
  notDueLimit,
  checkAccessToken,
  isDue,
  metrics,
  clock,
  accessTtlSeconds,
}: AutoRefreshDeps): AutoRefresh {
  return async ({ accessToken, ...request }) => {
    const unchanged =
      accessToken === undefined ? undefined : await checkNotDue(accessToken, request)
    if (unchanged === undefined) return refresh({ ...request, operation: 'auto_refresh' })
    metrics.refreshed('auto_refresh', unchanged.outcome)
    return unchanged
  }

  async function checkNotDue(
    accessToken: string,
    request: RefreshRequest,
  ): Promise<Unchanged | undefined> {
    const check = await checkAccessToken(accessToken)
    if (check.outcome !== 'valid' || isDue(check.claims)) return undefined
    const expectedSessionId = check.claims.sid
    const taken = await notDueLimit.take(`${expectedSessionId} ${request.context.block}`)
    if (!taken.allowed)
      return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
    const peeked = await tokenStore.peek(
      toRotateRequest({ ...request, expectedSessionId }, accessTtlSeconds),
    )
    if (peeked.outcome !== 'rotated') return undefined
    const pair = {
      accessToken,
      refreshToken: request.refreshToken,
      expiresInSeconds: secondsLeft(check.claims, clock.nowMs()),
      sessionId: peeked.session.id,
      idleUntilMs: peeked.session.idleUntilMs,
    }
    return { outcome: 'not_due', pair }
  }
}
