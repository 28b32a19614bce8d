import { CodedError } from '@auto-refresh/contracts'

export type BoundedQueue = <T>(work: () => Promise<T>, patience?: AbortSignal) => Promise<T>

/**
 * Runs at most `concurrency` at once, the others in order. Throws `CodedError('unavailable')` when too many wait, or when
 * `patience` ends first.
 */
export function createBoundedQueue({ concurrency, maxWaiting }: { concurrency: number; maxWaiting: number }): BoundedQueue {
  const waiting = new Set<() => void>()
  let running = 0

  return async (work, patience) => {
    if (running < concurrency) running += 1
    else await waitForPlace(patience)
    try {
      return await work()
    } finally {
      // whoever ends hands its place over, so that nobody slips in between
      const [next] = waiting
      if (next === undefined) running -= 1
      else next()
    }
  }

  async function waitForPlace(patience: AbortSignal | undefined): Promise<void> {
    if (waiting.size >= maxWaiting || patience?.aborted === true) throw new CodedError('unavailable')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const enter = () => {
      waiting.delete(enter)
      resolve()
    }
    const giveUp = () => {
      waiting.delete(enter)
      reject(new CodedError('unavailable'))
    }
    waiting.add(enter)
    patience?.addEventListener('abort', giveUp, { once: true })
    await promise.finally(() => patience?.removeEventListener('abort', giveUp))
  }
}
