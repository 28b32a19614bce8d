import { toOpenedAtMs } from '../../domain/access-token-claims.ts'
import type { Notices } from '../../ports/notices.ts'

export type DismissNotice = (request: {
  userId: string
  id: string
  /** that of the request */
  sessionId: string
}) => Promise<{ outcome: 'dismissed' | 'not_found' | 'older_session' }>

/**
 * Dismisses a notice of this user. Only a session that was opened after the notice may do so: an
 * older session may belong to the thief. An identity provider may have authenticated the user of a
 * new session long ago, so `auth_time` does not decide.
 */
export function createDismissNotice({
  notices,
}: {
  notices: Pick<Notices, 'list' | 'dismiss'>
}): DismissNotice {
  return async ({ userId, id, sessionId }) => {
    const notice = (await notices.list(userId)).find((one) => one.id === id.toLowerCase())
    if (notice === undefined) return { outcome: 'not_found' }
    // A second of tolerance: the two times may come from different clocks.
    if (toOpenedAtMs(sessionId) < notice.occurredAtMs - 1000) return { outcome: 'older_session' }
    return { outcome: (await notices.dismiss(userId, id)) ? 'dismissed' : 'not_found' }
  }
}
