import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api'
import {
  defaultResource,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { AlwaysOnSampler, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import type { OpenTracing, TraceSettings } from '../open-tracing.ts'
import { createSpans } from './create-spans.ts'
import { createTracing } from './create-tracing.ts'
import { tellNowAndThen } from './tell-now-and-then.ts'
import { traceFastify } from './trace-fastify.ts'
import { traceRedis } from './trace-redis.ts'

/** A batch links to all that it carries. */
const MOST_LINKS = 256
const CLOSE_MS = 2000

/**
 * The only place that knows the SDK; importing it is what costs memory and start-up. Exporter,
 * batching and resource are what the standard's settings in the environment say. Metrics and logs
 * of OpenTelemetry stay off: ours are Prometheus' and pino's.
 */
export function startTracing({
  settings,
  service,
  version,
  onTrouble,
  exporter,
}: {
  settings: TraceSettings
  service: string
  version: string
  onTrouble(reason: string): void
  exporter: SpanExporter | undefined
}): OpenTracing {
  const spans = createSpans(trace.getTracer('auto-refresh', version))
  const ignore = () => {}
  // The SDK says it in the context of the request that happened to start its timer, whose trace has
  // nothing to do with it.
  const tell = tellNowAndThen((reason) => spans.run(undefined, () => onTrouble(reason)))
  diag.setLogger(
    { error: tell, warn: ignore, info: ignore, debug: ignore, verbose: ignore },
    DiagLogLevel.ERROR,
  )
  const sdk = new NodeSDK({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    ),
    // What machine and command line it is nobody needs to know of a span.
    resourceDetectors: [serviceInstanceIdDetector, envDetector],
    // decided by whoever starts the span
    sampler: new AlwaysOnSampler(),
    spanLimits: { linkCountLimit: MOST_LINKS },
    metricReaders: [],
    logRecordProcessors: [],
    ...(exporter && { spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  })
  sdk.start()
  const stop = [traceFastify({ spans, sampling: settings.sampling }), traceRedis({ spans })]

  return {
    ...createTracing(spans),
    async close() {
      for (const each of stop) each()
      // What could not be sent has been told.
      await withDeadline(sdk.shutdown(), CLOSE_MS, 'OpenTelemetry is too slow to stop').catch(
        () => {},
      )
      for (const api of [trace, context, propagation, diag]) api.disable()
    },
  }
}
