import type { Logger, Metrics as Instruments } from '@auto-refresh/service-kit/telemetry'
import type { Metrics } from '../../ports.ts'

/** Metrics and log lines of threat-monitor. */
export function createThreatMetrics({
  logger,
  instruments,
}: {
  logger: Logger
  instruments: Instruments
}): Metrics {
  return {
    patternDetected({ id, data }) {
      instruments.suspiciousPatterns.inc({ pattern: data.pattern })
      logger.warn(
        { event: 'suspicious_pattern', detectionId: id, ...data },
        `Suspicious pattern: ${data.pattern}`,
      )
    },
    eventProcessed: ({ type }, result) =>
      instruments.eventsProcessed.inc({ consumer: 'threat-monitor', type, result }),
  }
}
