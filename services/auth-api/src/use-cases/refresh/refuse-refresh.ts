import type { PeekResult } from '@auto-refresh/contracts'
import type { RefreshRefusal } from '../../domain/refresh-refusal.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { LimitEnded, LimitRefused } from './limit-refused.ts'

/** What token-store returned for a refresh token that it does not accept. */
type RefusedByStore = Exclude<PeekResult, { session: unknown }>
export type RefuseRefresh = (
  refused: RefusedByStore,
  context: RequestContext,
) => Promise<
  Readonly<{
    refusal: RefreshRefusal
    /** the same refusal was reported less than a minute ago */
    isRepeated: boolean
  }>
>

type RefuseRefreshDeps = Readonly<{
  limitRefused: LimitRefused
  limitEnded: LimitEnded
  /** allows one line a minute for each session and outcome */
  lines: { take(key: string): Promise<{ allowed: boolean }> }
}>

/** Turns a refusal of token-store into the refusal for the caller, and applies the limits. */
export function createRefuseRefresh({
  limitRefused,
  limitEnded,
  lines,
}: RefuseRefreshDeps): RefuseRefresh {
  return async (refused, { block }) => {
    const refusal = (await limit(refused, block)) ?? toRefusal(refused)
    const sessionId = 'sessionId' in refused ? refused.sessionId : undefined
    const isRepeated =
      sessionId !== undefined && !(await lines.take(`${sessionId} ${refusal.outcome}`)).allowed
    return { refusal, isRepeated }
  }

  /** The use that ends a session is an alarm and is never limited. */
  async function limit(refused: RefusedByStore, block: string) {
    if (refused.outcome === 'unknown_kid') return limitUnknownKid(block)
    if (refused.outcome === 'invalid' && !refused.mac) return limitRefused(block)
    const isEnded =
      refused.outcome === 'revoked' ||
      refused.outcome === 'expired' ||
      refused.outcome === 'session_mismatch'
    return isEnded && refused.sessionId !== undefined
      ? limitEnded({ sessionId: refused.sessionId, block })
      : undefined
  }

  /**
   * A key may be missing through our own failure, so these tokens do not count against the limit
   * that honest neighbours share. Forged tokens look the same, so they have a limit of their own:
   * a flood of them must not be counted as our failures. A client waits no longer than after a 503.
   */
  async function limitUnknownKid(block: string) {
    const limited = await limitRefused(`unknown_kid ${block}`)
    return (
      limited && {
        ...limited,
        retryAfterSeconds: Math.min(UNKNOWN_KID_WAIT_SECONDS, limited.retryAfterSeconds),
      }
    )
  }
}

/** As after a 503: by then the key may be there. */
const UNKNOWN_KID_WAIT_SECONDS = 5

function toRefusal(refused: RefusedByStore): RefreshRefusal {
  switch (refused.outcome) {
    case 'unknown_kid':
    case 'unknown_session':
      return { outcome: 'unavailable', because: refused.outcome }
    case 'revoked':
      return { outcome: refused.reason === 'user_disabled' ? 'user_inactive' : 'revoked' }
    case 'rate_limited':
      return { outcome: 'rate_limited', retryAfterSeconds: refused.retryAfterSeconds }
    case 'invalid':
    case 'expired':
    case 'reused':
    case 'session_mismatch':
      return { outcome: refused.outcome }
    default:
      return refused satisfies never
  }
}
