/** Waits for `work` until the caller gives up or `ms` have passed; the work itself goes on. */
export function within<T>(work: Promise<T>, { ms, signal, late }: { ms?: number | undefined; signal?: AbortSignal | null | undefined; late?: () => unknown }): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal?.reason as Error)
    const timer = ms === undefined ? undefined : setTimeout(() => reject(late?.() as Error), ms)
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop)
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    })
  })
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** Full jitter: the clients of an outage do not come back in step. */
export const backoffMs = (tries: number, capMs = 8000): number => Math.random() * Math.min(capMs, 300 * 2 ** tries)
