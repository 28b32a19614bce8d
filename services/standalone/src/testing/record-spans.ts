import type { TraceExporter } from '@auto-refresh/service-kit/tracing'

type RecordedSpan = Parameters<TraceExporter['export']>[0][number]

/** Records every span when it ends. */
export function recordSpans() {
  const spans: RecordedSpan[] = []
  const exporter: TraceExporter = {
    export(ended, done) {
      spans.push(...ended)
      done({ code: 0 })
    },
    shutdown: async () => {},
  }
  return { spans, exporter }
}

/**
 * Prints a trace as lines of span names, children below their parent, in the order of their start.
 */
export function toTree(spans: readonly RecordedSpan[], traceId: string): string[] {
  const own = spans
    .filter((span) => span.spanContext().traceId === traceId)
    .toSorted((a, b) => toNanos(a.startTime) - toNanos(b.startTime))
  const isKnown = (id: string | undefined) => own.some((span) => span.spanContext().spanId === id)
  const below = (parent: string | undefined, depth: number): string[] =>
    own
      .filter((span) =>
        parent === undefined
          ? !isKnown(span.parentSpanContext?.spanId)
          : span.parentSpanContext?.spanId === parent,
      )
      .flatMap((span) => [
        `${'  '.repeat(depth)}${span.name}`,
        ...below(span.spanContext().spanId, depth + 1),
      ])
  return below(undefined, 0)
}

const toNanos = ([seconds, nanos]: readonly [number, number]) => seconds * 1e9 + nanos
