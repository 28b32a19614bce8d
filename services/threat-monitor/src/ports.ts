import type { AnyEvent } from '@auto-refresh/contracts'
import type { Detection } from './domain/decide-detection.ts'
import type { Watched } from './domain/observation.ts'
import type { DetectionEvent } from './domain/to-detection-event.ts'
import type { Window } from './domain/window.ts'

/** `unpublished`: a detection that this event claimed before and that was not published. */
export type Counted = Readonly<{
  window: Window
  isNew: boolean
  unpublished: Detection | undefined
}>

/** Recent counts. They may be lost at any time. */
export interface Windows {
  /** Counts each observation, in order, and resolves to its window. */
  add(observations: readonly Watched[]): Promise<readonly Counted[]>
  /**
   * Claims the subject for this event for the length of a window; resolves to false if another event
   * has. Until `published` is called the detection is kept for a redelivery of the event.
   */
  claim(observation: Watched, detection: Detection): Promise<boolean>
  /** Marks the detection as published: the claim now lasts for the length of a window. */
  published(observation: Watched): Promise<void>
}

/** Rejects if it is uncertain whether the bus has stored them. */
export type PublishDetections = (detections: readonly DetectionEvent[]) => Promise<void>
/** Sends the detection to the webhook; never waits and never fails. Repeats have the same id. */
export type NotifyOutside = (detection: DetectionEvent) => void
/** Metrics and log lines of the use cases. */
export interface Metrics {
  patternDetected(detection: DetectionEvent): void
  eventProcessed(event: AnyEvent, result: 'handled' | 'duplicate' | 'failed'): void
}

/** Returns the same UUID for the same detection. */
export type ToDetectionId = (observation: Watched) => string
