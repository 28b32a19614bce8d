import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, SimpleSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import type { OpenTracing, TraceSettings } from '../open-tracing.ts'
import { createSpans } from './create-spans.ts'
import { createTracing } from './create-tracing.ts'
import { reportTrouble } from './report-trouble.ts'
import { traceFastify } from './trace-fastify.ts'
import { traceRedis } from './trace-redis.ts'

/** Spans that may wait to be sent; more are dropped. At 100 % a busy process makes some thousand a second. */
const LONGEST_QUEUE = 8192
/** A batch links to all that it carries. */
const MOST_LINKS = 256
const CLOSE_MS = 2000

/** The only place that knows the SDK; importing it is what costs memory and start-up. */
export function startTracing({ settings, service, version, onTrouble, exporter }: {
  settings: TraceSettings
  service: string
  version: string
  onTrouble(error: unknown): void
  exporter: SpanExporter | undefined
}): OpenTracing {
  const toOtlp = () => reportTrouble(settings.protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter(), onTrouble)
  const processor = exporter === undefined ? new BatchSpanProcessor({ exporter: toOtlp(), maxQueueSize: LONGEST_QUEUE }) : new SimpleSpanProcessor({ exporter })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.version': version, 'service.instance.id': crypto.randomUUID(), ...settings.resource, 'service.name': settings.serviceName ?? settings.resource['service.name'] ?? service }),
    // decided by whoever starts the span
    sampler: new AlwaysOnSampler(),
    spanLimits: { linkCountLimit: MOST_LINKS },
    spanProcessors: [processor],
  })
  const spans = createSpans(provider.getTracer('auto-refresh', version))
  const stop = [traceFastify({ spans, sampling: settings.sampling }), traceRedis({ spans })]

  return {
    ...createTracing(spans),
    async close() {
      for (const each of stop) each()
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, CLOSE_MS)
      // What could not be sent has been told.
      await Promise.race([provider.shutdown().catch(() => {}), late])
      clearTimeout(timer)
    },
  }
}
