import type { RefusalCode } from '@auto-refresh/contracts'
import type { RefusalEvents } from '../../ports/refresh.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { RefreshMetricOutcome } from '../../ports/telemetry.ts'

const CODES: Partial<Record<RefreshMetricOutcome, RefusalCode>> = {
  invalid: 'refresh_token_invalid',
  expired: 'refresh_token_expired',
  revoked: 'refresh_token_revoked',
  reused: 'refresh_token_reused',
  session_mismatch: 'session_mismatch',
  user_inactive: 'user_inactive',
}

export type TellRefusal = (
  outcome: RefreshMetricOutcome,
  about: { sessionId: string | undefined; context: RequestContext },
) => void
type TellRefusalDeps = Readonly<{
  events: RefusalEvents
  /**
   * per address: whoever sends the same token a thousand times a second must not fill the topic and
   * the audit trail
   */
  limit: { take(block: string): Promise<{ allowed: boolean }> }
}>

/**
 * Makes an event of a refused refresh token, and nobody waits for it. A limit, and trouble of ours,
 * are no refusals.
 */
export function createTellRefusal({ events, limit }: TellRefusalDeps): TellRefusal {
  return (outcome, { sessionId, context }) => {
    const code = CODES[outcome]
    if (code !== undefined) void tell({ code, sessionId, context })
  }

  async function tell(refusal: Parameters<RefusalEvents['publish']>[0]): Promise<void> {
    const { allowed } = await limit.take(refusal.context.block)
    if (allowed) events.publish(refusal)
  }
}
