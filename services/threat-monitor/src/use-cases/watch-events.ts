import type { AnyEvent } from '@auto-refresh/contracts'
import { decideDetection } from '../domain/decide-detection.ts'
import type { Thresholds, Watched } from '../domain/observation.ts'
import { toDetectionEvent, type DetectionEvent } from '../domain/to-detection-event.ts'
import { toObservations } from '../domain/to-observations.ts'
import type { Clock, Counted, NotifyOutside, PublishDetections, ToDetectionId, Windows } from '../ports.ts'

/** A topic that is read again from its beginning is history; an attack during an outage of an hour is still told. */
const MAX_AGE_MS = 3_600_000

export type WatchEventsDeps = Readonly<{
  thresholds: Thresholds
  windows: Windows
  publish: PublishDetections
  notifyOutside: NotifyOutside
  toDetectionId: ToDetectionId
  clock: Clock
  onDetection: (detection: DetectionEvent) => void
  onEvent: (event: AnyEvent, result: 'handled' | 'duplicate' | 'failed') => void
}>
type Seen = { observation: Watched; counted: Counted }

/**
 * Counts what is suspicious in the events, and tells each pattern once for a subject and window: on the bus, then outside.
 * It warns and decides nothing. Throws when the bus did not take a detection; the same events then tell it again.
 */
export function createWatchEvents({ thresholds, windows, publish, notifyOutside, toDetectionId, clock, onDetection, onEvent }: WatchEventsDeps) {
  return async function watchEvents(events: readonly AnyEvent[]): Promise<void> {
    try {
      const observations = events.flatMap(toWatched)
      const counted = await windows.add(observations)
      const seen = observations.flatMap((observation, i) => toSeen(observation, counted[i]))
      await tell((await Promise.all(seen.map(detect))).flat())
      const repeats = new Set(seen.filter((each) => !each.counted.isNew).map(({ observation }) => observation.eventId))
      for (const event of events) onEvent(event, repeats.has(event.id) ? 'duplicate' : 'handled')
    } catch (error) {
      for (const event of events) onEvent(event, 'failed')
      throw error
    }
  }

  function toWatched(event: AnyEvent): Watched[] {
    const nowMs = clock.nowMs()
    return toObservations(event, nowMs).flatMap((observation) => {
      const threshold = thresholds[observation.pattern]
      return threshold === 'off' || nowMs - observation.atMs > MAX_AGE_MS ? [] : [{ ...observation, threshold }]
    })
  }

  async function detect({ observation, counted }: Seen): Promise<{ observation: Watched; event: DetectionEvent }[]> {
    const detection = decideDetection(observation.pattern, counted.window, observation.threshold.points)
    if (detection === undefined || (await windows.claim(observation, counted.isNew)) !== 'mine') return []
    return [{ observation, event: toDetectionEvent({ observation, detection, id: toDetectionId(observation), nowMs: clock.nowMs() }) }]
  }

  async function tell(detected: readonly { observation: Watched; event: DetectionEvent }[]): Promise<void> {
    // An event that stands twice in the batch tells once.
    const once = [...new Map(detected.map((each) => [each.event.id, each])).values()]
    if (once.length === 0) return
    await publish(once.map(({ event }) => event))
    for (const { observation, event } of once) {
      onDetection(event)
      notifyOutside(event)
      await windows.told(observation)
    }
  }
}

const toSeen = (observation: Watched, counted: Counted | undefined): Seen[] => (counted === undefined ? [] : [{ observation, counted }])
