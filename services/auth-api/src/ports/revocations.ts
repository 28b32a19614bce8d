import type { RoleChanges } from './known-users.ts'

/**
 * Sessions whose access tokens are dead before they expire. Kept in memory, read from token-store
 * every 500 ms.
 */
export interface Revocations {
  isRevoked(sessionId: string): boolean
  /**
   * Known here before the feed tells it; kept as long as any access token of the session can live.
   * `endedBefore`: it ended earlier, so the feed tells it within a second or never will.
   */
  add(sessionId: string, how?: { endedBefore: boolean }): void
}

/** The whole list, for back ends that verify access tokens by themselves. */
export interface RevocationFeed {
  /**
   * The same for the same sessions, in every process; another when one joins, leaves or lasts
   * longer.
   */
  tag(): string
  /** At most a second old, and the same object until then or until the list changes. */
  whole(): readonly { sessionId: string; expiresInSeconds: number }[]
  /**
   * What was revoked since that time of token-store's clock, less an overlap for what committed
   * late; `undefined` where only the whole list will do.
   */
  since(fromMs: number): readonly { sessionId: string; expiresInSeconds: number }[] | undefined
  /**
   * By token-store's clock, what had committed by then is on the list: where the next question for
   * what is new begins.
   */
  asOfMs(): number | undefined
  /**
   * Sessions that ended longer ago are on the list, but for rows that commit late; `Infinity`
   * before the first reading.
   */
  feedAgeMs(): number
  retiredKids(): readonly string[]
  roleChanges: Pick<RoleChanges, 'list' | 'tag'>
}
