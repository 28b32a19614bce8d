import { DatabaseError } from 'pg'

/**
 * An error that the server itself reported inside a transaction: nothing of it was committed, so it
 * may be done again.
 */
export function isRolledBack(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code !== undefined &&
    !error.code.startsWith('08') &&
    !error.code.startsWith('57P')
  )
}
