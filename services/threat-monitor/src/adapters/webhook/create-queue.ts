import type { Pattern } from '@auto-refresh/contracts'
import type { DetectionEvent } from '../../domain/to-detection-event.ts'

/** Detections of one pattern that go out as one post: the same ones in every attempt. */
export type Group = Readonly<{
  detections: readonly [DetectionEvent, ...DetectionEvent[]]
  attempts: number
}>

const LARGEST_GROUP = 50

/**
 * Detections that wait for a post, each pattern in a queue of its own with a bound of its own, so
 * that a noisy pattern neither delays nor displaces another. The patterns take turns, and so do new
 * detections and further attempts. Where `groupFrom` of one pattern wait, up to 50 of them go out
 * together.
 */
export function createQueue({
  groupFrom,
  mostWaiting,
}: {
  groupFrom: number
  mostWaiting: number
}) {
  const waiting = new Map<Pattern, DetectionEvent[]>()
  const again: Group[] = []
  let isTurnOfAgain = false

  function takeNew(): Group | undefined {
    const [next] = waiting
    if (next === undefined) return undefined
    const [pattern, detections] = next
    const [first, ...others] = detections.splice(
      0,
      detections.length >= groupFrom ? LARGEST_GROUP : 1,
    )
    // it goes to the end of the line
    waiting.delete(pattern)
    if (detections.length > 0) waiting.set(pattern, detections)
    return first && { detections: [first, ...others], attempts: 0 }
  }

  return {
    /** Whether there was room. */
    add(detection: DetectionEvent): boolean {
      const { pattern } = detection.data
      const detections = waiting.get(pattern) ?? []
      if (detections.length >= mostWaiting) return false
      detections.push(detection)
      waiting.set(pattern, detections)
      return true
    },
    addAgain(group: Group): void {
      again.push(group)
    },
    take(): Group | undefined {
      const group = (isTurnOfAgain ? again.shift() : undefined) ?? takeNew() ?? again.shift()
      isTurnOfAgain = group?.attempts === 0
      return group
    },
  }
}
