import type { StoredSession, TokenStore } from '@auto-refresh/contracts'

export type ListSessions = (request: { userId: string }) => Promise<StoredSession[]>

/** Lists the active sessions of a user. */
export function createListSessions({
  tokenStore,
}: {
  tokenStore: Pick<TokenStore, 'listSessions'>
}): ListSessions {
  return async ({ userId }) => (await tokenStore.listSessions({ userId })).sessions
}
