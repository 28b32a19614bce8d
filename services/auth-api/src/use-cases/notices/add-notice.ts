import type { AnyEvent } from '@auto-refresh/contracts'
import type { Notices } from '../../ports/notices.ts'

export type AddNotice = (event: AnyEvent) => Promise<void>

/**
 * Adds a notice for the user when a reuse has ended a session. Ignores other events. Idempotent by
 * the event id.
 */
export function createAddNotice({ notices }: { notices: Pick<Notices, 'add'> }): AddNotice {
  return async (event) => {
    if (event.type !== 'session.reuse-detected.v1') return
    await notices.add({
      id: event.id,
      userId: event.data.user_id,
      sessionId: event.data.session_id,
      occurredAtMs: Date.parse(event.time),
    })
  }
}
