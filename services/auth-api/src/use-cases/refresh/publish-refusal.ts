import { TOKEN_REFUSAL_CODES } from '../../domain/refresh-refusal.ts'
import type { RefusalEvents } from '../../ports/refresh.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { RefreshMetricOutcome } from '../../ports/telemetry.ts'

export type PublishRefusal = (
  outcome: RefreshMetricOutcome,
  about: { sessionId: string | undefined; context: RequestContext },
) => void
type PublishRefusalDeps = Readonly<{
  events: RefusalEvents
  /** per address block: repeating one token must not fill the topic and the audit trail */
  limit: { take(block: string): Promise<{ allowed: boolean }> }
}>

/**
 * Publishes a `refresh.refused.v1` event for a refused refresh token. Returns at once. Publishes
 * nothing for successes, rate limits and internal errors.
 */
export function createPublishRefusal({ events, limit }: PublishRefusalDeps): PublishRefusal {
  return (outcome, { sessionId, context }) => {
    if (isTokenRefusal(outcome))
      void publish({ code: TOKEN_REFUSAL_CODES[outcome], sessionId, context })
  }

  async function publish(refusal: Parameters<RefusalEvents['publish']>[0]): Promise<void> {
    const { allowed } = await limit.take(refusal.context.block)
    if (allowed) events.publish(refusal)
  }
}

function isTokenRefusal(
  outcome: RefreshMetricOutcome,
): outcome is keyof typeof TOKEN_REFUSAL_CODES {
  return outcome in TOKEN_REFUSAL_CODES
}
