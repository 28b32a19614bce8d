type TraceIds = Partial<Record<'trace_id' | 'span_id', string>>

/** The fields that refer to a W3C `traceparent` in logs and exemplars; none if it is undefined. */
export function toTraceIds(traceparent: string | undefined): TraceIds {
  const [, traceId, spanId] = traceparent?.split('-') ?? []
  return traceId === undefined || spanId === undefined ? {} : { trace_id: traceId, span_id: spanId }
}
