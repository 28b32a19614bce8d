import { decideDue, secondsLeft } from '../domain/due.ts'
import type { TokenPair } from '../domain/token-pair.ts'
import type { CheckAccessToken, Clock, Recorder, TokenStore } from '../ports.ts'
import { toRotateRequest, type Refresh, type RefreshRequest, type RefreshResult } from './refresh.ts'

export type AutoRefreshResult = { outcome: 'not_due'; pair: TokenPair } | RefreshResult
export type AutoRefreshRequest = Omit<RefreshRequest, 'operation' | 'expectedSessionId'> & { accessToken?: string | undefined }
export type AutoRefresh = (request: AutoRefreshRequest) => Promise<AutoRefreshResult>

export type AutoRefreshDeps = Readonly<{
  refresh: Refresh
  tokenStore: Pick<TokenStore, 'peek'>
  checkAccessToken: CheckAccessToken
  recorder: Recorder
  clock: Clock
  policy: { accessTtlSeconds: number; dueThresholdSeconds: number }
}>

/**
 * Renews a pair that is due. A live access token of the same session that is not due yet, beside the current refresh
 * token, stays as it is. A bad, expired or foreign access token counts for nothing; all else is as `refresh` has it.
 */
export function createAutoRefresh({ refresh, tokenStore, checkAccessToken, recorder, clock, policy }: AutoRefreshDeps): AutoRefresh {
  return async ({ accessToken, ...request }) => {
    const kept = accessToken === undefined ? undefined : await keep(accessToken, request)
    if (kept === undefined) return refresh({ ...request, operation: 'auto_refresh' })
    recorder.refreshed('auto_refresh', 'not_due')
    return { outcome: 'not_due', pair: kept }
  }

  async function keep(accessToken: string, request: RefreshRequest): Promise<TokenPair | undefined> {
    const check = await checkAccessToken(accessToken)
    if (check.outcome !== 'valid' || decideDue(check.claims, clock.nowMs(), policy.dueThresholdSeconds)) return undefined
    const expectedSessionId = check.claims.sid
    const peeked = await tokenStore.peek(toRotateRequest({ ...request, expectedSessionId }, policy.accessTtlSeconds))
    if (peeked.outcome !== 'rotated') return undefined
    return {
      accessToken,
      refreshToken: request.refreshToken,
      expiresInSeconds: secondsLeft(check.claims, clock.nowMs()),
      sessionId: peeked.session.id,
      idleUntilMs: peeked.session.idleUntilMs,
    }
  }
}
