export interface Clock {
  nowMs(): number
}

/** A unique id, as a UUID. */
export type CreateId = () => string

/** Runs something again and again, never twice at once; a fault does not end it. */
export interface Repeating {
  start(): void
  /** Resolves when the run under way has ended. */
  stop(): Promise<void>
}

/** `onError` is told the first of several faults in a row. */
export type CreateRepeating = (loop: {
  everyMs: number
  run: () => Promise<unknown>
  onError: (error: unknown) => void
}) => Repeating
