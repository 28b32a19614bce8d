import type { Detection } from './domain/decide-detection.ts'
import type { Watched } from './domain/observation.ts'
import type { DetectionEvent } from './domain/to-detection-event.ts'
import type { Window } from './domain/window.ts'

/** `untold`: what this very event has claimed before, and could not tell. */
export type Counted = Readonly<{ window: Window; isNew: boolean; untold: Detection | undefined }>

/** What has been counted lately. It may be lost at any time. */
export interface Windows {
  /** Counts each, in order; what then stands in its window. */
  add(observations: readonly Watched[]): Promise<readonly Counted[]>
  /**
   * Whether this event tells its subject: nobody else does for the length of a window. Until `told`
   * the detection is kept for when the event comes again.
   */
  claim(observation: Watched, detection: Detection): Promise<boolean>
  /** The length of a window counts from here. */
  told(observation: Watched): Promise<void>
}

/** Rejects when it is not sure that the bus has them. */
export type PublishDetections = (detections: readonly DetectionEvent[]) => Promise<void>
/** Tells somebody outside; it never waits and never fails. Repeats have one id. */
export type NotifyOutside = (detection: DetectionEvent) => void
/** Returns the same UUID for the same detection. */
export type ToDetectionId = (observation: Watched) => string
