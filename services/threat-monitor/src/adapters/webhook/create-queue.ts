import type { Pattern } from '@auto-refresh/contracts'
import type { DetectionEvent } from '../../domain/to-detection-event.ts'

/** Detections of one pattern in one post; every attempt has the same ones. */
export type Group = Readonly<{
  detections: readonly [DetectionEvent, ...DetectionEvent[]]
  attempts: number
}>

const LARGEST_GROUP = 50

/**
 * Queues detections for posts. Each pattern has its own queue of at most `maxWaiting`, so a noisy
 * pattern neither delays nor displaces another. Patterns alternate, and so do new detections and
 * retries. If at least `groupFrom` of one pattern wait, up to 50 of them share a post.
 */
export function createQueue({ groupFrom, maxWaiting }: { groupFrom: number; maxWaiting: number }) {
  const waiting = new Map<Pattern, DetectionEvent[]>()
  const retries: Group[] = []
  let isRetryNext = false

  function takeNew(): Group | undefined {
    const [next] = waiting
    if (next === undefined) return undefined
    const [pattern, detections] = next
    const [first, ...others] = detections.splice(
      0,
      detections.length >= groupFrom ? LARGEST_GROUP : 1,
    )
    // move the pattern to the end of the order
    waiting.delete(pattern)
    if (detections.length > 0) waiting.set(pattern, detections)
    return first && { detections: [first, ...others], attempts: 0 }
  }

  return {
    /** Returns whether the queue of the pattern had room. */
    add(detection: DetectionEvent): boolean {
      const { pattern } = detection.data
      const detections = waiting.get(pattern) ?? []
      if (detections.length >= maxWaiting) return false
      detections.push(detection)
      waiting.set(pattern, detections)
      return true
    },
    addRetry(group: Group): void {
      retries.push(group)
    },
    take(): Group | undefined {
      const group = (isRetryNext ? retries.shift() : undefined) ?? takeNew() ?? retries.shift()
      isRetryNext = group?.attempts === 0
      return group
    },
  }
}
