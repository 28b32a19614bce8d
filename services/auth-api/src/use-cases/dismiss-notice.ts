import type { Notices } from '../ports.ts'

export type DismissNotice = (request: { userId: string; id: string }) => Promise<{ outcome: 'dismissed' | 'not_found' }>

/** Takes a notice of this user off the list; another user's is not found. */
export function createDismissNotice({ notices }: { notices: Pick<Notices, 'dismiss'> }): DismissNotice {
  return async ({ userId, id }) => ({ outcome: (await notices.dismiss(userId, id)) ? 'dismissed' : 'not_found' })
}
