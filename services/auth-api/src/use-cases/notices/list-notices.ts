import type { Notice, Notices } from '../../ports/notices.ts'

export type ListNotices = (request: { userId: string }) => Promise<Notice[]>

/** What the user should know and has not dismissed yet, the newest first. */
export function createListNotices({ notices }: { notices: Pick<Notices, 'list'> }): ListNotices {
  return ({ userId }) => notices.list(userId)
}
