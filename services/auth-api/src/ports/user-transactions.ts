import type { UserClaims } from '../domain/user-claims.ts'
import type { AdminAct } from './admin-acts.ts'
import type { User, Users } from './users.ts'

/** Changes of users that commit together with their record. */
export interface UserTransaction {
  users: Pick<Users, 'add' | 'setRole' | 'revoke' | 'enable'>
  /** Locks a user against other changes. `undefined` for an unknown or erased user. */
  lock(id: string): Promise<User | undefined>
  /** Returns `false` and does nothing when another user has the name. */
  rename(id: string, username: string): Promise<boolean>
  setClaims(id: string, claims: UserClaims): Promise<void>
  /** Deletes name, password, claims and notices, and registers the records to be erased. */
  erase(id: string, usernameHash: string): Promise<void>
  record(act: AdminAct): Promise<void>
}

/**
 * Runs `work` in one transaction; nothing is committed if it throws. Throws
 * `CodedError('unavailable')` and what `work` throws.
 */
export type InUserTransaction = <T>(
  work: (transaction: UserTransaction) => Promise<T>,
) => Promise<T>

/** Erased users whose records may still have personal data. */
export interface Erasures {
  isErased(userId: string): Promise<boolean>
  /** Removes personal data from records of erased users, at most `limit`. Returns how many. */
  eraseRecords(limit: number): Promise<number>
}
