import type { Tracing } from '@auto-refresh/contracts'
import type { parseKafkaSettings } from '@auto-refresh/service-kit/config'
import { CONSUMERS, type Logger, type Metrics } from '@auto-refresh/service-kit/telemetry'

/** The dependencies of event-bus clients. A failed consumer ends the process. */
export function toKafkaDeps({
  service,
  settings,
  logger,
  metrics,
  tracing,
}: {
  service: string
  settings: ReturnType<typeof parseKafkaSettings>
  logger: Logger
  metrics: Metrics
  tracing: Tracing
}) {
  const consumer = CONSUMERS.find((name) => name === service)
  return {
    settings,
    log: logger,
    tracing,
    onDead({ group, error }: { group: string; error: unknown }) {
      logger.fatal(
        { group, err: error },
        'Consumer failed: the process exits so that another replica takes over',
      )
      process.exit(1)
    },
    onDeadLetter: () => metrics.eventsDeadLettered.inc(),
    onLag({ topic }: { topic: string }, events: number) {
      if (consumer !== undefined) metrics.eventConsumerLag.set({ consumer, topic }, events)
    },
  }
}
export type KafkaDeps = ReturnType<typeof toKafkaDeps>
