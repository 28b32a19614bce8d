/** Recent pairs of user name and address block. They go first when many users sign in. */
export interface FamiliarSignIns {
  has(signIn: FamiliarSignIn): boolean
  /** Whether any user has signed in from this block. */
  hasBlock(block: string): boolean
  add(signIn: FamiliarSignIn): void
}
type FamiliarSignIn = Readonly<{ usernameHash: string; block: string }>

/**
 * Proofs that a device has signed in as a user before (OWASP device cookies). Guesses from other
 * devices do not block it.
 */
export interface DeviceProofs {
  /** Issues a proof dated today, for the known device `id` or for a new device. */
  issue(usernameKey: string, id?: string): string
  /**
   * Returns the id of the device. `undefined` when the proof is forged, of another user, of an
   * older format or too old.
   */
  check(proof: string, usernameKey: string): string | undefined
}

export interface LoginThrottle {
  /**
   * Takes one attempt before any hashing, so that parallel attempts count. `end` reports its
   * result: `right` refunds the attempt; also use it after an internal error. `isFirst`: the first
   * refusal in this window. Throws `CodedError('unavailable')` when `deadline` aborts while other
   * attempts are still in flight.
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

/** `device`: the id of a device with a valid proof for this user */
export type LoginAttempt = Readonly<{
  usernameKey: string
  block: string
  device?: string | undefined
}>

/** Counts the sessions that a user opens with the right password. */
export interface SignInLimit {
  take(userId: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
  /** Refunds a session that could not be opened because of an internal error. */
  refund(userId: string): Promise<void>
}

/** Counts wrong attempts by address block. */
export interface AttemptLimit {
  take(block: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/** Returns the HMAC-SHA256 of a normalized user name under USERNAME_HASH_KEY. */
export type HashUsername = (usernameKey: string) => string
