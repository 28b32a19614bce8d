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

/**
 * The spans of one process, and which of them is at work. Whether there is one is decided by
 * whoever starts it.
 */
export function createSpans(tracer: Tracer) {
  const atWork = new AsyncLocalStorage<Span | undefined>()

  return {
    current: () => atWork.getStore(),
    /**
     * Runs in the span, or outside of any: what runs later may otherwise find the span of whom it
     * only runs behind.
     */
    run: <T>(span: Span | undefined, work: () => T): T => atWork.run(span, work),
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

/** The span that a sampled `traceparent` names. */
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

export const nameSpan = (span: Span | undefined) => span && toTraceparent(span.spanContext())

/**
 * Ends the span; `error.type` among the attributes marks it as failed. No message goes along: it
 * could quote what was sent.
 */
export function endSpan(span: Span, attributes: SpanAttributes = {}): void {
  span.setAttributes(attributes)
  if ('error.type' in attributes) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

export function toErrorType(error: unknown): SpanAttributes {
  if (!(error instanceof Error)) return { 'error.type': '_OTHER' }
  return {
    'error.type': 'code' in error && typeof error.code === 'string' ? error.code : error.name,
  }
}
