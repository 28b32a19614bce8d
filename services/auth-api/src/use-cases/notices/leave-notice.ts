import type { AnyEvent } from '@auto-refresh/contracts'
import type { Notices } from '../../ports/notices.ts'

export type LeaveNotice = (event: AnyEvent) => Promise<void>

/**
 * Tells the user of a session that was ended because its token was used twice. Idempotent by the
 * event's id.
 */
export function createLeaveNotice({ notices }: { notices: Pick<Notices, 'leave'> }): LeaveNotice {
  return async (event) => {
    if (event.type !== 'session.reuse-detected.v1') return
    await notices.leave({
      id: event.id,
      userId: event.data.user_id,
      sessionId: event.data.session_id,
      occurredAtMs: Date.parse(event.time),
    })
  }
}
