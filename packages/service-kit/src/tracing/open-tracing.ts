import { noTracing, type Tracing } from '@auto-refresh/contracts'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Sampling } from './decide-sampling.ts'

/**
 * The SDK reads exporter, batching and resource from the environment: `OTEL_EXPORTER_OTLP_*`,
 * `OTEL_BSP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`.
 */
export type TraceSettings = Readonly<{ sampling: Sampling }>

/** The exporter type of the SDK. */
export type TraceExporter = SpanExporter

export type OpenTracing = Tracing & {
  /** Sends the remaining spans, for at most two seconds. */
  close(): Promise<void>
}

/**
 * Starts tracing over OTLP. Without settings it does not load OpenTelemetry. Afterwards every
 * Fastify application and Redis client of the process is traced; other parts get the result.
 */
export async function openTracing({
  settings,
  service,
  version,
  onExportFailed,
  exporter,
}: {
  settings: TraceSettings | undefined
  service: string
  version: string
  /** called when spans could not be sent and are lost */
  onExportFailed(reason: string): void
  /** for tests: gets each span when it ends */
  exporter?: TraceExporter | undefined
}): Promise<OpenTracing> {
  if (settings === undefined) return { ...noTracing, close: async () => {} }
  const { startTracing } = await import('./otel/start-tracing.ts')
  return startTracing({ settings, service, version, onExportFailed, exporter })
}
