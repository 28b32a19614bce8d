import type { Notices } from '../../ports/notices.ts'

export type DismissNotice = (request: {
  userId: string
  id: string
  signedInAtSeconds: number
}) => Promise<{ outcome: 'dismissed' | 'not_found' | 'older_session' }>

/**
 * Dismisses a notice of this user. Only a session that was opened after the notice may do so: an
 * older session may belong to the thief.
 */
export function createDismissNotice({
  notices,
}: {
  notices: Pick<Notices, 'list' | 'dismiss'>
}): DismissNotice {
  return async ({ userId, id, signedInAtSeconds }) => {
    const notice = (await notices.list(userId)).find((one) => one.id === id.toLowerCase())
    if (notice === undefined) return { outcome: 'not_found' }
    // The time of a sign-in is in whole seconds.
    if (signedInAtSeconds < Math.floor(notice.occurredAtMs / 1000))
      return { outcome: 'older_session' }
    return { outcome: (await notices.dismiss(userId, id)) ? 'dismissed' : 'not_found' }
  }
}
