/**
 * Resolves with `work`. Rejects with the reason of `signal` when it aborts, or with undefined after
 * `ms` milliseconds. The work itself is not cancelled.
 */
export function within<T>(work: Promise<T>, ms?: number, signal?: AbortSignal | null): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    // Signals of React Native have no reason.
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

/** Full jitter, so that clients do not retry at the same time after an outage. */
export const backoffMs = (tries: number): number => Math.random() * Math.min(8000, 300 * 2 ** tries)
