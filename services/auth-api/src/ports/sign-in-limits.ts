/** Names that have signed in from an address block lately: they go first when many sign in. */
export interface FamiliarSignIns {
  has(signIn: FamiliarSignIn): boolean
  /** Whether anybody has signed in from there. */
  hasBlock(block: string): boolean
  add(signIn: FamiliarSignIn): void
}
type FamiliarSignIn = Readonly<{ usernameHash: string; block: string }>

/**
 * Proves that a device has signed in as a user before (OWASP's device cookies): guesses elsewhere
 * do not stop it.
 */
export interface DeviceProofs {
  /** A proof dated today, for a device that was known by `id` before or for a new one. */
  issue(usernameKey: string, id?: string): string
  /**
   * The id of the device, or `undefined` where the proof is not ours, another user's, of an older
   * form or too old.
   */
  check(proof: string, usernameKey: string): string | undefined
}

export interface LoginThrottle {
  /**
   * Takes one attempt before any hashing, so that parallel attempts count; `end` says how it came
   * out. `right` gives it back, which is also for what failed through our own fault. `isFirst`: the
   * first refusal of this window. Throws `CodedError('unavailable')` when `deadline` ends while
   * others are still being tried.
   */
  take(
    attempt: LoginAttempt,
    deadline: AbortSignal,
  ): Promise<
    | { allowed: true; end: (outcome: 'right' | 'wrong') => Promise<void> }
    | { allowed: false; limiter: LoginLimiter; retryAfterSeconds: number; isFirst: boolean }
  >
}

export type LoginLimiter = 'login' | 'login_ip' | 'login_account'

/** `device`: the id of a device that has proven that it signed in as this user before */
export type LoginAttempt = Readonly<{
  usernameKey: string
  block: string
  device?: string | undefined
}>

/** Counts sessions that a user opens with the right password. */
export interface SignInLimit {
  take(userId: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
  /** For a session that was not opened through our own fault. */
  refund(userId: string): Promise<void>
}

/** HMAC-SHA256 of a normalised user name under USERNAME_HASH_KEY. */
export type HashUsername = (usernameKey: string) => string
