import type { AccessTokenClaims } from '@auto-refresh/contracts'
import type { User } from './users.ts'

export type UserState = Readonly<Pick<User, 'id' | 'username' | 'role' | 'active' | 'version'>>

export interface KnownUsers {
  /**
   * The user as of now; where the database does not answer in time, as this process last saw it, at
   * most a day ago. `undefined` when there is no such user. Throws `CodedError('unavailable')` when
   * neither is known.
   */
  find(id: string): Promise<UserState | undefined>
  /** What is known from elsewhere: a sign-in has just read it. */
  remember(user: UserState): void
  /**
   * Whether the last reading failed: then nothing should be committed for a user who is not known
   * here.
   */
  areUnavailable(): boolean
}

/** The last change of a user's role. `issuedBefore`: Unix seconds, a little after the change. */
export type UserRoleChange = Readonly<{
  userId: string
  role: string
  issuedBefore: number
  expiresInSeconds: number
}>

/** Changed roles, for as long as an access token from before the change can live. */
export interface RoleChanges {
  of(userId: string): UserRoleChange | undefined
  /** Whether the token carries a role from before a change. */
  isStale(claims: Pick<AccessTokenClaims, 'sub' | 'role' | 'iat'>): boolean
  list(): readonly UserRoleChange[]
  /** The same for the same changes, in every process; empty when there is none. */
  tag(): string
}
