import type { RefusalEvents } from '../../ports/refresh.ts'
import { createEventQueue, type EventQueueDeps } from './create-event-queue.ts'

/**
 * Publishes refused refresh tokens. They have their own queue, so a flood drops no login events.
 */
export function createRefusalEvents(
  deps: EventQueueDeps,
): RefusalEvents & { flush(): Promise<void> } {
  const queue = createEventQueue(deps)
  return {
    publish({ code, sessionId, context: { network, agent } }) {
      const subject = sessionId ?? network
      queue.add((stamp) => ({
        ...stamp,
        subject,
        key: subject,
        type: 'refresh.refused.v1',
        data: {
          code,
          ...(sessionId === undefined ? {} : { session_id: sessionId }),
          network,
          agent,
        },
      }))
    },
    flush: queue.flush,
  }
}
