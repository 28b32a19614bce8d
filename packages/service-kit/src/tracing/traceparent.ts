type Traceparent = Readonly<{ traceId: string; spanId: string; sampled: boolean }>

/**
 * Version 00, and the common part of later versions.
 * https://www.w3.org/TR/trace-context/#versioning-of-traceparent
 */
const FORM =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/

/** Parses a W3C `traceparent`; undefined if it is invalid. */
export function parseTraceparent(text: unknown): Traceparent | undefined {
  if (typeof text !== 'string') return undefined
  const [, traceId, spanId, flags] = FORM.exec(text) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** The `traceparent` of a recorded span. */
export const toTraceparent = ({ traceId, spanId }: { traceId: string; spanId: string }) =>
  `00-${traceId}-${spanId}-01`
