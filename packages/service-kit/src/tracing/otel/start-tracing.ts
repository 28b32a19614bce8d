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
import { throttleExportErrors } from './throttle-export-errors.ts'
import { traceFastify } from './trace-fastify.ts'
import { traceRedis } from './trace-redis.ts'

/** A batch has a link to each of its requests. */
const MAX_LINKS = 256
const CLOSE_MS = 2000

/**
 * Starts the SDK of OpenTelemetry. No other module imports it, because loading it costs memory and
 * time. Exporter, batching and resource come from the standard environment variables. Its metrics
 * and logs stay off: Prometheus and pino are used.
 */
export function startTracing({
  settings,
  service,
  version,
  onExportFailed,
  exporter,
}: {
  settings: TraceSettings
  service: string
  version: string
  onExportFailed(reason: string): void
  exporter: SpanExporter | undefined
}): OpenTracing {
  const spans = createSpans(trace.getTracer('auto-refresh', version))
  const ignore = () => {}
  // The SDK reports in the context of the request that started its timer: leave that trace.
  const report = throttleExportErrors((reason) =>
    spans.run(undefined, () => onExportFailed(reason)),
  )
  diag.setLogger(
    { error: report, warn: ignore, info: ignore, debug: ignore, verbose: ignore },
    DiagLogLevel.ERROR,
  )
  const sdk = new NodeSDK({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    ),
    // Spans do not need the machine and the command line.
    resourceDetectors: [serviceInstanceIdDetector, envDetector],
    // `decideSampling` has already decided when a span is started
    sampler: new AlwaysOnSampler(),
    spanLimits: { linkCountLimit: MAX_LINKS },
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
      // Failed exports have been reported.
      await withDeadline(sdk.shutdown(), CLOSE_MS, 'OpenTelemetry did not stop in time').catch(
        () => {},
      )
      for (const api of [trace, context, propagation, diag]) api.disable()
    },
  }
}
