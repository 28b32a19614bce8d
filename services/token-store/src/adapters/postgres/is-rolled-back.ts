import { DatabaseError } from 'pg'

/**
 * Whether the server reported the error inside a transaction: nothing was committed, so a retry is
 * safe. False for connection errors (class 08) and shutdowns (57P), whose outcome is unknown.
 */
export function isRolledBack(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code !== undefined &&
    !error.code.startsWith('08') &&
    !error.code.startsWith('57P')
  )
}
