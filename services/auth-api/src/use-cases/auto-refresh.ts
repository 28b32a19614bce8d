import { secondsLeft } from '../domain/seconds-left.ts'
import type { TokenPair } from '../domain/token-pair.ts'
import type { CheckAccessToken, Clock, IsDue, Recorder, TokenStore } from '../ports.ts'
import { toRotateRequest, type Refresh, type RefreshRequest, type RefreshResult } from './refresh.ts'

export type AutoRefreshResult = { outcome: 'not_due'; pair: TokenPair } | RefreshResult
export type AutoRefreshRequest = Omit<RefreshRequest, 'operation' | 'expectedSessionId'> & { accessToken?: string | undefined }
export type AutoRefresh = (request: AutoRefreshRequest) => Promise<AutoRefreshResult>

export type AutoRefreshDeps = Readonly<{
  refresh: Refresh
  tokenStore: Pick<TokenStore, 'peek'>
  checkAccessToken: CheckAccessToken
  isDue: IsDue
  recorder: Recorder
  clock: Clock
  accessTtlSeconds: number
}>

/**
 * Renews a pair that is due. A live access token of the same session that is not due yet, beside the current refresh
 * token, stays as it is. A bad, expired or foreign access token counts for nothing; all else is as `refresh` has it.
 */
export function createAutoRefresh({ refresh, tokenStore, checkAccessToken, isDue, recorder, clock, accessTtlSeconds }: AutoRefreshDeps): AutoRefresh {
  return async ({ accessToken, ...request }) => {
    const kept = accessToken === undefined ? undefined : await keep(accessToken, request)
    if (kept === undefined) return refresh({ ...request, operation: 'auto_refresh' })
    recorder.refreshed('auto_refresh', 'not_due')
    return { outcome: 'not_due', pair: kept }
  }

  async function keep(accessToken: string, request: RefreshRequest): Promise<TokenPair | undefined> {
    const check = await checkAccessToken(accessToken)
    if (check.outcome !== 'valid' || isDue(check.claims)) return undefined
    const expectedSessionId = check.claims.sid
    const peeked = await tokenStore.peek(toRotateRequest({ ...request, expectedSessionId }, accessTtlSeconds))
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
