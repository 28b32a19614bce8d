import type { AnyEvent } from '@auto-refresh/contracts'
import type { Clock } from '@auto-refresh/service-kit/timing'
import { decideDetection, type Detection } from '../domain/decide-detection.ts'
import { MAX_AGE_MS, type Thresholds, type Watched } from '../domain/observation.ts'
import { toDetectionEvent, type DetectionEvent } from '../domain/to-detection-event.ts'
import { toObservations } from '../domain/to-observations.ts'
import type {
  Counted,
  Metrics,
  NotifyOutside,
  PublishDetections,
  ToDetectionId,
  Windows,
} from '../ports.ts'

/** Most remembered alarms that are not published yet. */
const MAX_ALARMED = 10_000

type WatchEventsDeps = Readonly<{
  thresholds: Thresholds
  windows: Windows
  publish: PublishDetections
  notifyOutside: NotifyOutside
  toDetectionId: ToDetectionId
  clock: Clock
  metrics: Metrics
}>
type Seen = { observation: Watched; counted: Counted }

/**
 * Returns a handler that counts suspicious events and reports each pattern once per subject and
 * window: at once to the webhook, and on the bus. It only warns and blocks nothing. Throws if the bus
 * rejects a detection; the redelivered events then publish it.
 */
export function createWatchEvents({
  thresholds,
  windows,
  publish,
  notifyOutside,
  toDetectionId,
  clock,
  metrics,
}: WatchEventsDeps) {
  /** Ids of detections that were alarmed but are not published yet. */
  const alarmed = new Set<string>()

  return async function watchEvents(events: readonly AnyEvent[]): Promise<void> {
    try {
      const observations = events.flatMap(toWatched)
      const counted = await windows.add(observations)
      const seen = observations.flatMap((observation, i) => toSeen(observation, counted[i]))
      await publishAll((await Promise.all(seen.map(detect))).flat())
      const repeats = new Set(
        seen.filter((each) => !each.counted.isNew).map(({ observation }) => observation.eventId),
      )
      for (const event of events)
        metrics.eventProcessed(event, repeats.has(event.id) ? 'duplicate' : 'handled')
    } catch (error) {
      for (const event of events) metrics.eventProcessed(event, 'failed')
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
    const detection = counted.unpublished ?? (await claim(observation, counted))
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

  async function publishAll(
    detected: readonly { observation: Watched; event: DetectionEvent }[],
  ): Promise<void> {
    // An event that is twice in the batch is published once.
    const once = [...new Map(detected.map((each) => [each.event.id, each])).values()]
    if (once.length === 0) return
    const events = once.map(({ event }) => event)
    events.forEach(alarm)
    await publish(events)
    for (const { id } of events) alarmed.delete(id)
    for (const { observation } of once) await windows.published(observation)
  }

  /** Does not wait for an unavailable bus. After a crash an alarm may repeat, with the same id. */
  function alarm(event: DetectionEvent): void {
    if (alarmed.has(event.id)) return
    alarmed.add(event.id)
    const [oldest] = alarmed
    if (alarmed.size > MAX_ALARMED && oldest !== undefined) alarmed.delete(oldest)
    metrics.patternDetected(event)
    notifyOutside(event)
  }
}

const toSeen = (observation: Watched, counted: Counted | undefined): Seen[] =>
  counted === undefined ? [] : [{ observation, counted }]
