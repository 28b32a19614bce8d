/**
 * What `work` gives, or an `Error` with this message after `ms` milliseconds. The work itself goes
 * on; nobody waits for it.
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
