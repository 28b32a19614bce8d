import type { EachBatchPayload } from '../open-kafka.ts'

/**
 * Milliseconds between two commits. After a crash or a change of leader, up to as many milliseconds
 * of handled events are delivered again, and consumers drop them. Each commit costs the broker a
 * write to a log of its own.
 */
const COMMIT_MS = 500

type Send = EachBatchPayload['commitOffsetsIfNecessary']
type Handled = Readonly<{
  topic: string
  partition: number
  /** of the next event */
  offset: string
  send: Send
}>
export type Commits = ReturnType<typeof createCommits>

/**
 * Commits the offsets of one consumer: those of all partitions in one request, at most one request
 * every half second. `onFailure` gets the error of each failed request, which is repeated.
 */
export function createCommits({
  everyMs = COMMIT_MS,
  onFailure = () => {},
}: { everyMs?: number; onFailure?: (error: unknown) => void } = {}) {
  let topics = new Map<string, Map<number, string>>()
  let send: Send | undefined
  let timer: NodeJS.Timeout | undefined
  let sending = Promise.resolve()
  let fault: unknown
  let closed = false

  async function sendAll(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const own = topics
    const sent = [...own].map(([topic, offsets]) => ({
      topic,
      partitions: [...offsets].map(([partition, offset]) => ({ partition, offset })),
    }))
    if (sent.length === 0) return
    await send?.({ topics: sent })
    fault = undefined
    // What has changed meanwhile is sent next time.
    for (const { topic, partitions } of sent) {
      for (const { partition, offset } of partitions)
        if (own.get(topic)?.get(partition) === offset) own.get(topic)?.delete(partition)
      if (own.get(topic)?.size === 0) own.delete(topic)
    }
  }

  /** One request at a time, so that an older offset never follows a newer one. */
  function flush(): Promise<void> {
    sending = sending.catch(() => {}).then(sendAll)
    return sending
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      flush().catch((error: unknown) => {
        fault = error
        onFailure(error)
        if (!closed) schedule()
      })
    }, everyMs)
  }

  return {
    /**
     * Takes the offset of a partition whose earlier events are handled. Throws what kafkajs threw at
     * the last commit if that was not repeated yet, so that it reaches kafkajs.
     */
    async add({ topic, partition, offset, send: newest }: Handled): Promise<void> {
      send = newest
      const offsets = topics.get(topic) ?? new Map<number, string>()
      topics.set(topic, offsets.set(partition, offset))
      if (closed) return flush()
      schedule()
      if (fault === undefined) return
      const error = fault
      fault = undefined
      throw error
    },
    flush,
    /** After a rebalance or a crash: the partitions may belong to another member. */
    reset(): void {
      topics = new Map()
      fault = undefined
    },
    /** Before the consumer leaves: commits everything, and from now on each offset at once. */
    async close(): Promise<void> {
      closed = true
      await flush()
    },
  }
}
