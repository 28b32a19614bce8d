import { CodedError } from '@auto-refresh/contracts'

/**
 * Classes of SQLSTATE that say nothing about the request: connection, roles, aborted transactions,
 * resources, locks, shut-down, I/O, internal.
 */
const OUR_TROUBLE = new Set(['08', '25', '28', '3D', '40', '53', '55', '57', '58', 'XX'])
const SYSTEM_CALL = /^E[A-Z]+$/
/** What pg throws without a code. */
const CLIENT_TROUBLE =
  /timeout|Connection terminated|connection error|not queryable|after calling end on the pool/i

/**
 * True for what can pass by itself: no connection, a deadline, a lock, a shut-down. False for a
 * mistake in a statement or its data.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof CodedError) return error.code === 'unavailable'
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.every(isUnavailable)
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code === undefined) return CLIENT_TROUBLE.test(error.message)
  return SYSTEM_CALL.test(code) || OUR_TROUBLE.has(code.slice(0, 2))
}

/**
 * What the caller of a failed database call is told: 503, whatever went wrong, because it is never
 * the caller's fault. A `CodedError` stays what it is; anything else becomes its cause.
 */
export function toUnavailable(error: unknown): CodedError {
  return error instanceof CodedError ? error : new CodedError('unavailable', { cause: error })
}
