import { secondsLeft } from '../../domain/seconds-left.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import type { TokenStore } from '@auto-refresh/contracts'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { IsDue, LookLimit } from '../../ports/refresh.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { Recorder } from '../../ports/telemetry.ts'
import {
  toRotateRequest,
  type Refresh,
  type RefreshRequest,
  type RefreshResult,
} from './refresh.ts'

type AutoRefreshResult = { outcome: 'not_due'; pair: TokenPair } | RefreshResult
type Kept = Extract<AutoRefreshResult, { outcome: 'not_due' | 'rate_limited' }>
type AutoRefreshRequest = Omit<RefreshRequest, 'operation' | 'expectedSessionId'> & {
  accessToken?: string | undefined
}
export type AutoRefresh = (request: AutoRefreshRequest) => Promise<AutoRefreshResult>

type AutoRefreshDeps = Readonly<{
  refresh: Refresh
  tokenStore: Pick<TokenStore, 'peek'>
  lookLimit: LookLimit
  checkAccessToken: CheckAccessToken
  isDue: IsDue
  recorder: Recorder
  clock: Clock
  accessTtlSeconds: number
}>

/**
 * Renews a pair that is due. A live access token of the same session that is not due yet, beside
 * the current refresh token, stays as it is. A bad, expired or foreign access token counts for
 * nothing; all else is as `refresh` has it. Such looks are limited per session and address block:
 * they say whether the owner has refreshed.
 */
export function createAutoRefresh({
  refresh,
  tokenStore,
  lookLimit,
  checkAccessToken,
  isDue,
  recorder,
  clock,
  accessTtlSeconds,
}: AutoRefreshDeps): AutoRefresh {
  return async ({ accessToken, ...request }) => {
    const kept = accessToken === undefined ? undefined : await keep(accessToken, request)
    if (kept === undefined) return refresh({ ...request, operation: 'auto_refresh' })
    recorder.refreshed('auto_refresh', kept.outcome)
    return kept
  }

  async function keep(accessToken: string, request: RefreshRequest): Promise<Kept | undefined> {
    const check = await checkAccessToken(accessToken)
    if (check.outcome !== 'valid' || isDue(check.claims)) return undefined
    const expectedSessionId = check.claims.sid
    const look = await lookLimit.take(`${expectedSessionId} ${request.context.block}`)
    if (!look.allowed) return { outcome: 'rate_limited', retryAfterSeconds: look.retryAfterSeconds }
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
