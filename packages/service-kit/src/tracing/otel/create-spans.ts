import { AsyncLocalStorage } from 'node:async_hooks'
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api'
import type { SpanAttributes } from '@auto-refresh/contracts'
import { parseTraceparent, toTraceparent } from '../traceparent.ts'

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
}

export type Spans = ReturnType<typeof createSpans>

/** Starts spans and keeps the current one. The caller decides whether a span is recorded. */
export function createSpans(tracer: Tracer) {
  const currentSpan = new AsyncLocalStorage<Span | undefined>()

  return {
    current: () => currentSpan.getStore(),
    /** Runs `work` with `span` as the current span, or with none. */
    run: <T>(span: Span | undefined, work: () => T): T => currentSpan.run(span, work),
    start(
      kind: keyof typeof KINDS,
      name: string,
      {
        attributes,
        parent,
        links,
      }: { attributes: SpanAttributes; parent: SpanContext | undefined; links?: Link[] },
    ): Span {
      return tracer.startSpan(
        name,
        { kind: KINDS[kind], attributes, ...(links && { links }) },
        below(parent),
      )
    },
  }
}

const below = (parent: SpanContext | undefined): Context =>
  parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)

/** The span of a `traceparent`; undefined if it is invalid or not sampled. */
export function readParent(traceparent: string | undefined): SpanContext | undefined {
  const parsed = parseTraceparent(traceparent)
  return parsed?.sampled === true
    ? {
        traceId: parsed.traceId,
        spanId: parsed.spanId,
        traceFlags: TraceFlags.SAMPLED,
        isRemote: true,
      }
    : undefined
}

/** The `traceparent` of a span. */
export const nameSpan = (span: Span | undefined) => span && toTraceparent(span.spanContext())

/**
 * Ends the span; `error.type` in the attributes marks it as failed. It has no error message, which
 * could quote the input.
 */
export function endSpan(span: Span, attributes: SpanAttributes = {}): void {
  span.setAttributes(attributes)
  if ('error.type' in attributes) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

/** The attribute `error.type`: the code or name of the error, never its message. */
export function toErrorType(error: unknown): SpanAttributes {
  if (!(error instanceof Error)) return { 'error.type': '_OTHER' }
  return {
    'error.type': 'code' in error && typeof error.code === 'string' ? error.code : error.name,
  }
}
