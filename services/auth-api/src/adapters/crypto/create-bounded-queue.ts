import { CodedError } from '@auto-refresh/contracts'

/** `first` goes before all work that is not. */
export type QueueOptions = Readonly<{
  deadline?: AbortSignal | undefined
  first?: boolean | undefined
}>
type BoundedQueue = Readonly<{
  /**
   * Runs the work when it is its turn. Throws `CodedError('unavailable')` when too many wait in its
   * lane, or when `deadline` ends first.
   */
  run<T>(work: () => Promise<T>, options?: QueueOptions): Promise<T>
  /** Whether work that is not `first` would be refused now. */
  isFull(): boolean
}>

/** Runs at most `concurrency` at once, the others in two lanes of at most `maxWaiting` each. */
export function createBoundedQueue({
  concurrency,
  maxWaiting,
}: {
  concurrency: number
  maxWaiting: number
}): BoundedQueue {
  const lanes = { first: new Set<() => void>(), other: new Set<() => void>() }
  let running = 0

  return {
    isFull: () => lanes.other.size >= maxWaiting,
    async run(work, { deadline, first = false } = {}) {
      if (running < concurrency) running += 1
      else await waitForPlace(first ? lanes.first : lanes.other, deadline)
      try {
        return await work()
      } finally {
        // The place is handed over, so that no other work takes it in between.
        const [next] = lanes.first.size > 0 ? lanes.first : lanes.other
        if (next === undefined) running -= 1
        else next()
      }
    },
  }

  async function waitForPlace(
    waiting: Set<() => void>,
    deadline: AbortSignal | undefined,
  ): Promise<void> {
    if (waiting.size >= maxWaiting || deadline?.aborted === true)
      throw new CodedError('unavailable')
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
    deadline?.addEventListener('abort', giveUp, { once: true })
    await promise.finally(() => deadline?.removeEventListener('abort', giveUp))
  }
}
