import type { RevokeReason } from '@auto-refresh/contracts'
import type { UserClaims } from '../domain/user-claims.ts'

export type User = Readonly<{
  id: string
  username: string
  role: string
  active: boolean
  /**
   * raised by every change that ends all sessions of the user; sessions of a lower version are over
   */
  version: number
  /** the session that raised the version by a change of the password, and stays */
  keptSessionId?: string
  demo: boolean
  /** the id at the system that authenticates the user */
  externalId?: string
  /** in every access token of the user, as the claim `claims` */
  claims: UserClaims
  /** absent: the user cannot sign in with a password */
  passwordHash?: string
}>

/** A user whom another system authenticates. What is absent keeps its stored value. */
export type ExternalUser = Readonly<{
  externalId: string
  username?: string | undefined
  role?: string | undefined
  claims?: UserClaims | undefined
}>

/** A revocation that token-store has not acknowledged yet. */
export type PendingRevocation = Readonly<{
  id: string
  userId: string
  version: number
  reason: RevokeReason
  /** the session that stays */
  keptSessionId?: string
}>

export interface Users {
  /** Finds a user by the normalized name (NFKC, lower case). */
  findByName(username: string): Promise<User | undefined>
  /** Reads all in one statement. Returns only the users that exist. */
  findByIds(ids: readonly string[]): Promise<User[]>
  /** Adds a user with a login name. Returns `undefined` when name or external id are taken. */
  add(
    user: Pick<User, 'username' | 'role' | 'demo'> & {
      passwordHash?: string | undefined
      externalId?: string | undefined
      claims?: UserClaims
      active?: boolean
    },
  ): Promise<User | undefined>
  /**
   * Finds the user with this external id, creates it if there is none, and stores what differs. A
   * changed role is recorded as by `setRole`; the creation and every change as an act of `actor`. The
   * name of a user with a login name stays. Does nothing for a user whose role is protected.
   */
  upsertExternal(
    user: ExternalUser,
    by: Readonly<{ protectedRoles: readonly string[]; actor: string }>,
  ): Promise<
    | { outcome: 'stored'; user: User; change?: 'created' | 'changed' }
    | { outcome: 'role_protected' }
  >
  /** Also records the change in the same transaction, so that older access tokens are due. */
  setRole(id: string, role: string): Promise<void>
  /** Stores a hash with newer parameters, unless the password has been changed since. */
  upgradePasswordHash(id: string, change: { from: string; to: string }): Promise<void>
  /**
   * Raises the version, applies `change` and adds a pending revocation, in one transaction. With
   * `ifVersion` it does so only when that is the current version, so that a repeated logout-all
   * does nothing; it then returns `undefined`. `keptSessionId` stays if it is of the version before.
   */
  revoke(
    id: string,
    reason: RevokeReason,
    change: { active?: false; passwordHash?: string; ifVersion?: number; keptSessionId?: string },
  ): Promise<PendingRevocation | undefined>
  /** Returns `false` and does nothing while a revocation of the user is pending. */
  enable(id: string): Promise<boolean>
  /** Those of one user or of all users, oldest first, at most 200. */
  pendingRevocations(userId?: string): Promise<PendingRevocation[]>
  /** Deletes a revocation that token-store has carried out. */
  acknowledge(revocationId: string): Promise<void>
}
