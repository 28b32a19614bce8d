import type { SpanExporter } from '@opentelemetry/sdk-trace'

/** A collector that is away is away for every batch. */
const QUIET_MS = 30_000

/** Tells of spans that could not be sent, once in half a minute: the SDK itself would lose them in silence. */
export function reportTrouble(exporter: SpanExporter, onTrouble: (error: unknown) => void): SpanExporter {
  let saidAtMs = -Infinity
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined && performance.now() - saidAtMs >= QUIET_MS) {
          saidAtMs = performance.now()
          onTrouble(result.error)
        }
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    async forceFlush() {
      await exporter.forceFlush?.()
    },
  }
}
