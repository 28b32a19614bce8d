import { CodedError } from '@auto-refresh/contracts'

/**
 * SQLSTATE classes that are no mistake of the request: connection, roles, aborted transactions,
 * resources, locks, shutdown, I/O, internal.
 */
const UNAVAILABLE_CLASSES = new Set(['08', '25', '28', '3D', '40', '53', '55', '57', '58', 'XX'])
const SYSTEM_CALL = /^E[A-Z]+$/
/** Messages of errors that pg throws without a code. */
const UNAVAILABLE_MESSAGE =
  /timeout|Connection terminated|connection error|not queryable|after calling end on the pool/i

/**
 * Whether a database error is temporary: no connection, a deadline, a lock, a shutdown. False for a
 * mistake in a statement or its data.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof CodedError) return error.code === 'unavailable'
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.every(isUnavailable)
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code === undefined) return UNAVAILABLE_MESSAGE.test(error.message)
  return SYSTEM_CALL.test(code) || UNAVAILABLE_CLASSES.has(code.slice(0, 2))
}

/**
 * Converts a database error to `unavailable` (503) with the error as its cause, because it is never
 * the caller's fault. Returns a `CodedError` unchanged.
 */
export function toUnavailable(error: unknown): CodedError {
  return error instanceof CodedError ? error : new CodedError('unavailable', { cause: error })
}
