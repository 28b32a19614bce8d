/** When a hash is computed: `first` goes before all others, `deadline` ends the wait. */
type HashTurn = Readonly<{ deadline?: AbortSignal | undefined; first?: boolean | undefined }>

/**
 * `hash` and `verify` throw `CodedError('unavailable')` when too many wait, or when `deadline` ends
 * before it is their turn.
 */
export interface Passwords {
  /** Whether a hash that is not `first` would be refused now, because too many wait. */
  isBusy(): boolean
  /** argon2id as a PHC string. */
  hash(password: string, turn?: HashTurn): Promise<string>
  /**
   * With `undefined` as hash it does the same work against a dummy and answers `matches: false`;
   * likewise with a hash that is not argon2id, which it reports as `unreadable`.
   */
  verify(
    password: string,
    hash: string | undefined,
    turn?: HashTurn,
  ): Promise<{ matches: boolean; outdated: boolean; unreadable?: true }>
}
