export interface Clock {
  nowMs(): number
}

/** A unique id, as a UUID. */
export type CreateId = () => string
