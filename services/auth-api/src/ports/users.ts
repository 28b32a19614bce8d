import type { RevokeReason } from '@auto-refresh/contracts'

export type User = Readonly<{
  id: string
  username: string
  role: string
  active: boolean
  /**
   * raised by everything that ends all of the user's sessions; a session of a lower version is over
   */
  version: number
  demo: boolean
  passwordHash: string
}>

/** What a pending revocation tells token-store, until it has acknowledged it. */
export type PendingRevocation = Readonly<{
  id: string
  userId: string
  version: number
  reason: RevokeReason
}>

export interface Users {
  /** By the normalised name (NFKC, lower case). */
  findByName(username: string): Promise<User | undefined>
  /** One statement for all, with a short deadline: it runs after a rotation has been committed. */
  findByIds(ids: readonly string[]): Promise<User[]>
  list(): Promise<User[]>
  /** `undefined` when the name is taken. */
  add(user: {
    username: string
    role: string
    passwordHash: string
    demo: boolean
  }): Promise<User | undefined>
  /**
   * Records the role in the same transaction, so that access tokens with another one are due.
   */
  setRole(id: string, role: string): Promise<void>
  /** Stores a hash made with newer parameters, if the password has not been changed meanwhile. */
  upgradePasswordHash(id: string, change: { from: string; to: string }): Promise<void>
  /**
   * Raises the version and leaves a pending revocation in the same transaction, together with the
   * change given. With `ifVersion`, only when the user still stands at it (a repeated logout-all
   * does nothing the second time).
   */
  revoke(
    id: string,
    reason: RevokeReason,
    change: { active?: false; passwordHash?: string; ifVersion?: number },
  ): Promise<PendingRevocation | undefined>
  /** Refuses (`false`) while a revocation of the user is still pending. */
  enable(id: string): Promise<boolean>
  /** Those of one user, or of all; the oldest first, at most a few hundred at once. */
  pendingRevocations(userId?: string): Promise<PendingRevocation[]>
  acknowledge(revocationId: string): Promise<void>
}
