import type { StoredSession, TokenStore } from '@auto-refresh/contracts'

export type ListSessions = (request: { userId: string }) => Promise<StoredSession[]>

/** The user's live sessions: where they signed in, and when each was last refreshed. */
export function createListSessions({
  tokenStore,
}: {
  tokenStore: Pick<TokenStore, 'listSessions'>
}): ListSessions {
  return async ({ userId }) => (await tokenStore.listSessions({ userId })).sessions
}
