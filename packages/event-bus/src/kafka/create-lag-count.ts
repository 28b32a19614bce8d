/** Sums up, by topic, the lag of the partitions that this member has. */
export function createLagCount(onLag: (topic: string, events: number) => void) {
  const topics = new Map<string, Map<number, number>>()
  return {
    set({ topic, partition }: { topic: string; partition: number }, events: number) {
      const partitions = topics.get(topic) ?? new Map<number, number>()
      topics.set(topic, partitions.set(partition, events))
      onLag(
        topic,
        [...partitions.values()].reduce((sum, each) => sum + each, 0),
      )
    },
    /**
     * After a rebalance: the previous partitions may belong to another member. The lag of each
     * partition is set again with its next batch.
     */
    reset() {
      for (const [topic, partitions] of topics) {
        partitions.clear()
        onLag(topic, 0)
      }
    },
  }
}
