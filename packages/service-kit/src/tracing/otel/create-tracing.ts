import type { SpanAttributes, Tracing } from '@auto-refresh/contracts'
import { endSpan, nameSpan, readParent, toErrorType, type Spans } from './create-spans.ts'

/** Implements `Tracing` with the spans of OpenTelemetry. */
export function createTracing(spans: Spans): Tracing {
  return {
    current: () => nameSpan(spans.current()),

    async span({ kind, name, attributes = {}, describe }, work) {
      const parent = spans.current()
      if (parent === undefined) return work()
      const span = spans.start(kind, name, { attributes, parent: parent.spanContext() })
      return finish(
        (ending) => endSpan(span, ending),
        describe,
        () => spans.run(span, work),
      )
    },

    async spanForAll({ kind, name, attributes = {}, describe }, traceparents, work) {
      const parents = traceparents.map(readParent)
      const traced = parents.filter((parent) => parent !== undefined)
      if (traced.length === 0) return spans.run(undefined, () => work([]))
      const [firstParent, ...others] = traced
      const first = spans.start(kind, name, {
        attributes,
        parent: firstParent,
        links: others.map((context) => ({ context })),
      })
      const rest = others.map((parent) =>
        spans.start(kind, name, { attributes, parent, links: [{ context: first.spanContext() }] }),
      )
      const all = [first, ...rest]
      const names = all.map(nameSpan).values()
      const own = parents.map((parent) => parent && names.next().value)
      return finish(
        (ending) => all.forEach((span) => endSpan(span, ending)),
        describe,
        () => spans.run(first, () => work(own)),
      )
    },
  }
}

async function finish<T>(
  end: (ending?: SpanAttributes) => void,
  describe: ((result: T) => SpanAttributes) | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await work()
    end(describe?.(result))
    return result
  } catch (error) {
    end(toErrorType(error))
    throw error
  }
}
