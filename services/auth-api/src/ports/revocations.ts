import type { RoleChanges } from './known-users.ts'

/**
 * Sessions whose access tokens are revoked before they expire. Kept in memory, read from
 * token-store every 500 ms.
 */
export interface Revocations {
  isRevoked(sessionId: string): boolean
  /**
   * Revokes a session in this process before token-store reports it, for as long as any of its
   * access tokens can live. `endedBefore`: the session had already ended, so token-store reports it
   * within a second or not at all.
   */
  add(sessionId: string, how?: { endedBefore: boolean }): void
}

/** The revocation list, for back ends that verify access tokens themselves. */
export interface RevocationFeed {
  /**
   * A tag over the list, equal in every process. It changes when a session is added, removed or
   * kept longer.
   */
  tag(): string
  /** The whole list, at most a second old; the same object until then or until a change. */
  whole(): readonly { sessionId: string; expiresInSeconds: number }[]
  /**
   * The revocations since a time of token-store's clock (Unix ms), with an overlap for late
   * commits; `undefined` when only the whole list is complete.
   */
  since(fromMs: number): readonly { sessionId: string; expiresInSeconds: number }[] | undefined
  /**
   * The time of token-store's clock (Unix ms) up to which committed revocations are on the list:
   * the start of the next increment.
   */
  asOfMs(): number | undefined
  /**
   * Age of the list: sessions that ended longer ago are on it, except for late commits. `Infinity`
   * before the first read.
   */
  feedAgeMs(): number
  retiredKids(): readonly string[]
  roleChanges: Pick<RoleChanges, 'list' | 'tag'>
}
