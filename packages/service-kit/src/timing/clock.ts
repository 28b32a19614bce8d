/** A source of time. Each use says whether it is Unix time or monotonic. */
export type Clock = Readonly<{
  /** milliseconds */
  nowMs(): number
}>
