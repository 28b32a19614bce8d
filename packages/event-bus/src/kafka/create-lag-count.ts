/** Adds up, by topic, what is still to be taken of each partition that this member has. */
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
     * Partitions were dealt anew: those of before may be another member's now. Each tells its lag
     * again when it is read.
     */
    reset() {
      for (const [topic, partitions] of topics) {
        partitions.clear()
        onLag(topic, 0)
      }
    },
  }
}
