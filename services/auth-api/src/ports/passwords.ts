/**
 * When a hash is computed: `first` work runs before all other, `deadline` ends the wait. `dummyFor`:
 * the hash of the user name; it decides which kind of hash the dummy work imitates.
 */
export type HashTurn = Readonly<{
  deadline?: AbortSignal | undefined
  first?: boolean | undefined
  dummyFor?: string | undefined
}>

/**
 * `hash` and `verify` throw `CodedError('unavailable')` when too many calls wait, or when
 * `deadline` aborts before their turn.
 */
export interface Passwords {
  /** Whether a call that is not `first` would be refused now, because too many wait. */
  isBusy(): boolean
  /** Returns an argon2id hash as a PHC string. */
  hash(password: string, turn?: HashTurn): Promise<string>
  /**
   * Compares a password with an own or an imported hash. For `undefined` it does the
   * work of a dummy and returns `matches: false`; also for a hash that no password can match,
   * which it reports as `unreadable`. `outdated`: store a new hash of this password.
   */
  verify(
    password: string,
    hash: string | undefined,
    turn?: HashTurn,
  ): Promise<{ matches: boolean; outdated: boolean; unreadable?: true }>
}
