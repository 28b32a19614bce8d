import type { Actor } from './actor.ts'
import type { PendingRevocation, User } from './users.ts'

/** One-time tokens that set a password. Only their SHA-256 is stored. */
export interface PasswordTokens {
  /**
   * Replaces the user's token, and records the act with it. Returns `undefined` when there is no such user, or none that signs in
   * by name.
   */
  create(token: {
    userId: string
    tokenHash: Buffer
    ttlSeconds: number
    actor: Actor
  }): Promise<{ expiresAtMs: number } | undefined>
  /**
   * Finds the user of a token that is neither expired nor older than the password. `undefined` also
   * for a disabled user.
   */
  find(tokenHash: Buffer): Promise<Pick<User, 'id' | 'username'> | undefined>
  /**
   * Uses up the token, stores the new password, raises the version and adds a pending revocation, in
   * one statement. Returns `undefined` and does nothing when `find` would find nothing now.
   */
  use(token: { tokenHash: Buffer; passwordHash: string }): Promise<PendingRevocation | undefined>
}

/** Draws one-time tokens, and hashes what a caller sends. */
export interface PasswordTokenCodes {
  create(): { token: string; tokenHash: Buffer }
  toHash(token: string): Buffer
}
