import { noTracing, type Tracing } from '@auto-refresh/contracts'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Sampling } from './decide-sampling.ts'

/**
 * Where and how to send, and as whom, the SDK reads from the environment by itself:
 * `OTEL_EXPORTER_OTLP_*`, `OTEL_BSP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`.
 */
export type TraceSettings = Readonly<{ sampling: Sampling }>

/** As the SDK has it. */
export type TraceExporter = SpanExporter

export type OpenTracing = Tracing & {
  /** Sends what has not been sent, for two seconds at most. */
  close(): Promise<void>
}

/**
 * Traces over OTLP. Without settings nothing of OpenTelemetry is loaded. From then on every Fastify
 * application and every Redis client of this process is traced; what else is, is handed the result.
 */
export async function openTracing({
  settings,
  service,
  version,
  onTrouble,
  exporter,
}: {
  settings: TraceSettings | undefined
  service: string
  version: string
  /** spans could not be sent, and are lost */
  onTrouble(reason: string): void
  /** for tests: is given each span as it ends */
  exporter?: TraceExporter | undefined
}): Promise<OpenTracing> {
  if (settings === undefined) return { ...noTracing, close: async () => {} }
  const { startTracing } = await import('./otel/start-tracing.ts')
  return startTracing({ settings, service, version, onTrouble, exporter })
}
