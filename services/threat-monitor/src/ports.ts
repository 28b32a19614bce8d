import type { Watched } from './domain/observation.ts'
import type { DetectionEvent } from './domain/to-detection-event.ts'
import type { Window } from './domain/window.ts'

export type Counted = Readonly<{ window: Window; isNew: boolean }>
/** Who tells a detection: this event, another one of its window, or nobody yet. */
export type Claim = 'mine' | 'others' | 'nobodys'

/** What has been counted lately. It may be lost at any time. */
export interface Windows {
  /** Counts each, in order; what then stands in its window. */
  add(observations: readonly Watched[]): Promise<readonly Counted[]>
  /**
   * One event in a window tells its subject: the first that claims it, if it `isNew`. It stays its own until `told`, so that
   * a detection that could not be told is told when the event comes again.
   */
  claim(observation: Watched, isNew: boolean): Promise<Claim>
  told(observation: Watched): Promise<void>
}

/** Rejects when it is not sure that the bus has them. */
export type PublishDetections = (detections: readonly DetectionEvent[]) => Promise<void>
/** Tells somebody outside; it never waits and never fails. */
export type NotifyOutside = (detection: DetectionEvent) => void
/** The same UUID for the same detection. */
export type ToDetectionId = (observation: Watched) => string

export interface Clock {
  nowMs(): number
}
