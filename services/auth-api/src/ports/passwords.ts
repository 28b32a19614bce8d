/** When a hash is computed: `first` work runs before all other, `deadline` ends the wait. */
type HashTurn = Readonly<{ deadline?: AbortSignal | undefined; first?: boolean | undefined }>

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
   * Compares a password with a hash. For `undefined` it does the same work with a dummy and returns
   * `matches: false`; also for a hash that is not argon2id, which it reports as `unreadable`.
   */
  verify(
    password: string,
    hash: string | undefined,
    turn?: HashTurn,
  ): Promise<{ matches: boolean; outdated: boolean; unreadable?: true }>
}
