export type SpanAttributes = Readonly<Record<string, string | number>>

export type SpanOptions<T> = Readonly<{
  /** one of few: never an id or a text of a caller */
  name: string
  kind: 'internal' | 'client' | 'consumer'
  /** semantic conventions of OpenTelemetry; never a token, a user name, a body or a query string */
  attributes?: SpanAttributes
  /** what only the result tells; with `error.type` the span has failed */
  describe?: (result: T) => SpanAttributes
}>

/**
 * What the parts of the product tell a trace. They know no tracing library; without tracing all of
 * it does nothing.
 */
export type Tracing = Readonly<{
  /** W3C `traceparent` of the span at work here; undefined where nothing is recorded. */
  current(): string | undefined
  /** Does the work in a span below the one at work here; where nothing is recorded, in none. */
  span<T>(options: SpanOptions<T>, work: () => Promise<T>): Promise<T>
  /**
   * Does at once the work of several traces: each `traceparent` gets a span of its own, in their
   * order, so that every trace tells of it. Below the first of them stands what the work itself
   * leads to; it links to the others' parents, and they to it.
   */
  spanForAll<T>(
    options: SpanOptions<T>,
    traceparents: readonly (string | undefined)[],
    work: (own: readonly (string | undefined)[]) => Promise<T>,
  ): Promise<T>
}>

export const noTracing: Tracing = {
  current: () => undefined,
  span: (_, work) => work(),
  spanForAll: (_, __, work) => work([]),
}
