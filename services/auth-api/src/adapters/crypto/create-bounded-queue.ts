import { CodedError } from '@auto-refresh/contracts'

export type BoundedQueue = <T>(work: () => Promise<T>) => Promise<T>

/** Runs at most `concurrency` at once, the others in order; refuses with `CodedError('unavailable')` when too many wait. */
export function createBoundedQueue({ concurrency, maxWaiting }: { concurrency: number; maxWaiting: number }): BoundedQueue {
  const waiting: (() => void)[] = []
  let running = 0

  return async (work) => {
    if (running < concurrency) running += 1
    else {
      if (waiting.length >= maxWaiting) throw new CodedError('unavailable')
      // whoever ends hands its place over, so that nobody slips in between
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
