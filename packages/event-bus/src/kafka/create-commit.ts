import { createBatch } from '@auto-refresh/service-kit/batch'
import type { EachBatchPayload } from '../open-kafka.ts'

type Offset = Readonly<{
  topic: string
  partition: number
  /** of the next event */
  offset: string
  send: EachBatchPayload['commitOffsetsIfNecessary']
}>

/**
 * Returns a function that commits the offset of a partition, together with those of other
 * partitions of the same consumer in the same turn: one request for each fetch.
 */
export function createCommit(): (offset: Offset) => Promise<void> {
  const load = createBatch<Offset, 'committed'>({
    inFlight: Infinity,
    largest: Infinity,
    longestQueue: Infinity,
    longestWaitMs: Infinity,
    nowMs: () => 0,
    async run(offsets) {
      const topics = Map.groupBy(offsets, ({ topic }) => topic)
      await offsets[0]?.send({
        topics: [...topics].map(([topic, own]) => ({
          topic,
          partitions: own.map(({ partition, offset }) => ({ partition, offset })),
        })),
      })
      return offsets.map(() => 'committed')
    },
  })
  return async (offset) => void (await load(offset))
}
