import type { Notices } from '../../ports/notices.ts'

export type DismissNotice = (request: {
  userId: string
  id: string
  signedInAtSeconds: number
}) => Promise<{ outcome: 'dismissed' | 'not_found' | 'older_session' }>

/**
 * Takes a notice of this user off the list; another user's is not found. A session that was open
 * when the notice was left may be a thief's, and must not hide it from the owner: only a later
 * sign-in dismisses it.
 */
export function createDismissNotice({
  notices,
}: {
  notices: Pick<Notices, 'list' | 'dismiss'>
}): DismissNotice {
  return async ({ userId, id, signedInAtSeconds }) => {
    const notice = (await notices.list(userId)).find((one) => one.id === id.toLowerCase())
    if (notice === undefined) return { outcome: 'not_found' }
    // a sign-in is told in whole seconds
    if (signedInAtSeconds < Math.floor(notice.occurredAtMs / 1000))
      return { outcome: 'older_session' }
    return { outcome: (await notices.dismiss(userId, id)) ? 'dismissed' : 'not_found' }
  }
}
