import { CodedError } from '@auto-refresh/contracts'

/** `first`: runs before all work without it. */
export type QueueOptions = Readonly<{
  deadline?: AbortSignal | undefined
  first?: boolean | undefined
}>
type BoundedQueue = Readonly<{
  /**
   * Runs the work in its turn. Throws `CodedError('unavailable')` when too many wait in its lane,
   * or when `deadline` aborts first.
   */
  run<T>(work: () => Promise<T>, options?: QueueOptions): Promise<T>
  /** Whether work that is not `first` would be refused now. */
  isFull(): boolean
}>

/**
 * Runs at most `concurrency` at once. The others wait in two lanes of at most `maxWaiting` each.
 */
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
        // The place passes directly to the next, so that no new work takes it in between.
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
