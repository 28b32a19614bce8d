type TraceIds = Partial<Record<'trace_id' | 'span_id', string>>

/**
 * How logs and exemplars name the span of a W3C `traceparent`; nothing where nothing is recorded.
 */
export function toTraceIds(traceparent: string | undefined): TraceIds {
  const [, traceId, spanId] = traceparent?.split('-') ?? []
  return traceId === undefined || spanId === undefined ? {} : { trace_id: traceId, span_id: spanId }
}
