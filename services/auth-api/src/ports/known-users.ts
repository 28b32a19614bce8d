import type { AccessTokenClaims } from '@auto-refresh/contracts'
import type { User } from './users.ts'

export type UserState = Readonly<
  Pick<User, 'id' | 'username' | 'role' | 'active' | 'version' | 'keptSessionId' | 'claims'>
>

export interface KnownUsers {
  /**
   * Returns the current state of the user, from memory while every change is announced. When the
   * database does not respond in time, returns the last state that this process read, at most a day
   * old. `undefined` when there is no such user. Throws `CodedError('unavailable')` when there is no
   * known state.
   */
  find(id: string): Promise<UserState | undefined>
  /** Stores a state that another query has just read, such as a sign-in. */
  remember(user: UserState): void
  /**
   * Whether the last query failed. If so, commit nothing for a user that this process does not
   * know.
   */
  areUnavailable(): boolean
}

/** The announcements of the database about changed users. */
export interface UserChanges {
  /** Whether every change until two seconds ago has been announced to this process. */
  areKnown(): boolean
}

export interface UserChangeListener {
  userChanged(id: string): void
  /** Changes before this call may not have been announced. */
  allMayHaveChanged(): void
}

/** The last change of a user's role. `issuedBefore`: Unix seconds, shortly after the change. */
export type UserRoleChange = Readonly<{
  userId: string
  role: string
  issuedBefore: number
  expiresInSeconds: number
}>

/** Role changes, kept as long as an access token from before the change can live. */
export interface RoleChanges {
  of(userId: string): UserRoleChange | undefined
  /** Whether the token has a role from before a change. */
  isStale(claims: Pick<AccessTokenClaims, 'sub' | 'role' | 'iat'>): boolean
  list(): readonly UserRoleChange[]
  /** A tag over all changes, equal in every process; empty when there are none. */
  tag(): string
}
