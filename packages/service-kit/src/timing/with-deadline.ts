/**
 * Resolves or rejects as `work`, or rejects with an `Error` of this message after `ms` milliseconds.
 * The work itself is not cancelled.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(message)), ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
