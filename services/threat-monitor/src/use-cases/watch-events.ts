import type { AnyEvent } from '@auto-refresh/contracts'
import type { Clock } from '@auto-refresh/service-kit/timing'
import { decideDetection, type Detection } from '../domain/decide-detection.ts'
import { MAX_AGE_MS, type Thresholds, type Watched } from '../domain/observation.ts'
import { toDetectionEvent, type DetectionEvent } from '../domain/to-detection-event.ts'
import { toObservations } from '../domain/to-observations.ts'
import type { Counted, NotifyOutside, PublishDetections, ToDetectionId, Windows } from '../ports.ts'

/** How many alarms are remembered that the bus has not taken. */
const MAX_ALARMED = 10_000

type WatchEventsDeps = Readonly<{
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
 * Counts what is suspicious in the events, and tells each pattern once for a subject and window:
 * outside at once, and on the bus. It warns and decides nothing. Throws when the bus did not take a
 * detection; the same events then tell it again.
 */
export function createWatchEvents({
  thresholds,
  windows,
  publish,
  notifyOutside,
  toDetectionId,
  clock,
  onDetection,
  onEvent,
}: WatchEventsDeps) {
  /** Those that wait for the bus alone, by id. */
  const alarmed = new Set<string>()

  return async function watchEvents(events: readonly AnyEvent[]): Promise<void> {
    try {
      const observations = events.flatMap(toWatched)
      const counted = await windows.add(observations)
      const seen = observations.flatMap((observation, i) => toSeen(observation, counted[i]))
      await tell((await Promise.all(seen.map(detect))).flat())
      const repeats = new Set(
        seen.filter((each) => !each.counted.isNew).map(({ observation }) => observation.eventId),
      )
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
      return threshold === 'off' || nowMs - observation.atMs > MAX_AGE_MS
        ? []
        : [{ ...observation, threshold }]
    })
  }

  async function detect({
    observation,
    counted,
  }: Seen): Promise<{ observation: Watched; event: DetectionEvent }[]> {
    const detection = counted.untold ?? (await claim(observation, counted))
    if (detection === undefined) return []
    return [
      {
        observation,
        event: toDetectionEvent({
          observation,
          detection,
          id: toDetectionId(observation),
          nowMs: clock.nowMs(),
        }),
      },
    ]
  }

  async function claim(
    observation: Watched,
    { window, isNew }: Counted,
  ): Promise<Detection | undefined> {
    const detection = isNew
      ? decideDetection(observation.pattern, window, observation.threshold.points)
      : undefined
    return detection !== undefined && (await windows.claim(observation, detection))
      ? detection
      : undefined
  }

  async function tell(
    detected: readonly { observation: Watched; event: DetectionEvent }[],
  ): Promise<void> {
    // An event that stands twice in the batch tells once.
    const once = [...new Map(detected.map((each) => [each.event.id, each])).values()]
    if (once.length === 0) return
    const events = once.map(({ event }) => event)
    events.forEach(alarm)
    await publish(events)
    for (const { id } of events) alarmed.delete(id)
    for (const { observation } of once) await windows.told(observation)
  }

  /**
   * A theft does not wait for a bus that takes nothing. After a crash it may come again, under the
   * same id.
   */
  function alarm(event: DetectionEvent): void {
    if (alarmed.has(event.id)) return
    alarmed.add(event.id)
    const [oldest] = alarmed
    if (alarmed.size > MAX_ALARMED && oldest !== undefined) alarmed.delete(oldest)
    onDetection(event)
    notifyOutside(event)
  }
}

const toSeen = (observation: Watched, counted: Counted | undefined): Seen[] =>
  counted === undefined ? [] : [{ observation, counted }]
