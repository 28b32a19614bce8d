import type { PeekResult } from '@auto-refresh/contracts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { RefreshMetricOutcome } from '../../ports/telemetry.ts'
import type { LimitEnded, LimitRefused } from './limit-refused.ts'

export type RefreshRefusal =
  | { outcome: 'invalid' | 'expired' | 'revoked' | 'reused' | 'session_mismatch' | 'user_inactive' }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }
  /**
   * ours to answer for: 503. A key of a newer deployment, or a session row that a restore has lost
   */
  | { outcome: 'unavailable'; because: 'unknown_kid' | 'unknown_session' }

type StoreRefusal = Exclude<PeekResult, { session: unknown }>
export type Refusal = Readonly<{
  refusal: RefreshRefusal
  counted: RefreshMetricOutcome
  /** the same was refused less than a minute ago, which a log need not say again */
  isRepeated: boolean
}>
export type RefuseRefresh = (refused: StoreRefusal, context: RequestContext) => Promise<Refusal>

type RefuseRefreshDeps = Readonly<{
  limitRefused: LimitRefused
  limitEnded: LimitEnded
  /** allows a session and outcome once a minute */
  lines: { take(key: string): Promise<{ allowed: boolean }> }
}>

/** What a refusal of token-store means to the caller, and how it is counted. */
export function createRefuseRefresh({
  limitRefused,
  limitEnded,
  lines,
}: RefuseRefreshDeps): RefuseRefresh {
  return async (refused, { block }) => {
    const decided = (await limit(refused, block)) ?? toRefusal(refused)
    const sessionId = 'sessionId' in refused ? refused.sessionId : undefined
    const isRepeated =
      sessionId !== undefined &&
      !(await lines.take(`${sessionId} ${decided.refusal.outcome}`)).allowed
    return { ...decided, isRepeated }
  }

  async function limit(refused: StoreRefusal, block: string): Promise<Decided | undefined> {
    if (refused.outcome === 'unknown_kid') return limitUnknownKid(block)
    const limited = await take(refused, block)
    return limited && same(limited)
  }

  /**
   * The key may be missing through our own fault, so no neighbour's limit is used up. Made-up
   * tokens look the same: a limit of their own keeps a flood of them from counting as failures of
   * ours. Beyond it a client waits no longer.
   */
  async function limitUnknownKid(block: string): Promise<Decided | undefined> {
    const limited = await limitRefused(`unknown_kid ${block}`)
    return (
      limited &&
      same({
        ...limited,
        retryAfterSeconds: Math.min(UNKNOWN_KID_WAIT_SECONDS, limited.retryAfterSeconds),
      })
    )
  }

  /** The first use that ends a session is an alarm, and is never limited. */
  async function take(refused: StoreRefusal, block: string) {
    if (refused.outcome === 'invalid' && !refused.mac) return limitRefused(block)
    const isEnded =
      refused.outcome === 'revoked' ||
      refused.outcome === 'expired' ||
      refused.outcome === 'session_mismatch'
    return isEnded && refused.sessionId !== undefined
      ? limitEnded({ sessionId: refused.sessionId, block })
      : undefined
  }
}

/** As after a 503: who has waited it may find the key there. */
const UNKNOWN_KID_WAIT_SECONDS = 5

type Decided = Omit<Refusal, 'isRepeated'>

function toRefusal(refused: StoreRefusal): Decided {
  switch (refused.outcome) {
    case 'unknown_kid':
    case 'unknown_session':
      return {
        refusal: { outcome: 'unavailable', because: refused.outcome },
        counted: refused.outcome,
      }
    case 'revoked':
      return same({ outcome: refused.reason === 'user_disabled' ? 'user_inactive' : 'revoked' })
    case 'rate_limited':
      return same({ outcome: 'rate_limited', retryAfterSeconds: refused.retryAfterSeconds })
    case 'invalid':
    case 'expired':
    case 'reused':
    case 'session_mismatch':
      return same({ outcome: refused.outcome })
    default:
      return refused satisfies never
  }
}

function same(refusal: RefreshRefusal): Decided {
  return { refusal, counted: refusal.outcome }
}
