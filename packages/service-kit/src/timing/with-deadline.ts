/**
 * Resolves or rejects as `work`, or rejects with an `Error` of this message after `ms` milliseconds.
 * The work itself is not cancelled.
 */
export function withDeadline<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(message)), ms)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        // oxlint-disable-next-line prefer-promise-reject-errors -- it is passed on unchanged
        reject(error)
      },
    )
  })
}
