export type SpanAttributes = Readonly<Record<string, string | number>>

export type SpanOptions<T> = Readonly<{
  /** one of a few names: never an id or text from a caller */
  name: string
  kind: 'internal' | 'client' | 'consumer'
  /** semantic conventions of OpenTelemetry; never a token, a user name, a body or a query string */
  attributes?: SpanAttributes
  /** attributes from the result; with `error.type` the span is marked as failed */
  describe?: (result: T) => SpanAttributes
}>

/** Tracing, independent of a library. Without tracing (`noTracing`) it does nothing. */
export type Tracing = Readonly<{
  /** W3C `traceparent` of the current span; undefined if nothing is recorded. */
  current(): string | undefined
  /** Runs `work` in a child of the current span; without a span if nothing is recorded. */
  span<T>(options: SpanOptions<T>, work: () => Promise<T>): Promise<T>
  /**
   * Runs `work` once for several traces. Each `traceparent` gets a span of its own, in order. Spans
   * that `work` starts are children of the first; the first links to the parents of the others, and
   * they link to it.
   */
  spanForAll<T>(
    options: SpanOptions<T>,
    traceparents: readonly (string | undefined)[],
    work: (own: readonly (string | undefined)[]) => Promise<T>,
  ): Promise<T>
}>

/** Tracing that records nothing. */
export const noTracing: Tracing = {
  current: () => undefined,
  span: (_, work) => work(),
  spanForAll: (_, __, work) => work([]),
}

/** Whether `tracing` can record anything: wrappers that only open spans can be left out if not. */
export const canRecord = (tracing: Tracing) => tracing.span !== noTracing.span
