/**
 * Waits for `work` until the caller gives up (it rejects with the reason) or `ms` have passed (with
 * nothing); the work itself goes on.
 */
export function within<T>(work: Promise<T>, ms?: number, signal?: AbortSignal | null): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    // React Native's signals have no reason.
    const stop = () =>
      reject(
        (signal?.reason ??
          (signal?.aborted
            ? Object.assign(new Error('Aborted'), { name: 'AbortError' })
            : undefined)) as Error,
      )
    const timer = ms === undefined ? undefined : setTimeout(stop, ms)
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop)
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    })
  })
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms))

/** Full jitter: the clients of an outage do not come back in step. */
export const backoffMs = (tries: number): number => Math.random() * Math.min(8000, 300 * 2 ** tries)
