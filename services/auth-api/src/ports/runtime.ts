/** `nowMs`: Unix milliseconds. */
export type Clock = Readonly<{ nowMs(): number }>

/** Returns a new UUID. */
export type CreateId = () => string
