import {
  LOGIN_EVENTS_TOPIC,
  SECURITY_EVENTS_TOPIC,
  SESSION_EVENTS_TOPIC,
} from '@auto-refresh/contracts'
import type { EventPublisher, EventSubscriber, Subscription } from '@auto-refresh/event-bus'
import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import { toDetectionId } from './adapters/crypto/to-detection-id.ts'
import { createWebhook } from './adapters/webhook/create-webhook.ts'
import { buildWindows } from './build-windows.ts'
import type { ThreatMonitorConfig } from './config.ts'
import { createWatchEvents } from './use-cases/watch-events.ts'

/** What is under way to the webhook when the service stops. */
const DRAIN_MS = 2000

/**
 * Composition root: counts suspicious patterns in the events, and tells them. It holds nothing that
 * may not be lost.
 */
export function buildThreatMonitor({
  config,
  publisher,
  subscriber,
  logger,
  metrics,
  clock = { nowMs: () => Date.now() },
  redisAnswerMs,
}: {
  config: ThreatMonitorConfig
  publisher: Pick<EventPublisher, 'publish'>
  subscriber: EventSubscriber
  logger: Logger
  metrics: Metrics
  clock?: { nowMs(): number }
  /** how long Redis is waited for, where not 50 ms */
  redisAnswerMs?: number
}) {
  const { windows, isShared, start, stop } = buildWindows({
    redisUrl: config.redisUrl,
    redisAnswerMs,
    clock,
    logger,
  })
  const webhook =
    config.webhook &&
    createWebhook({
      ...config.webhook,
      clock,
      random: Math.random,
      onResult: (result) => metrics.securityWebhooks.inc({ result }),
      onTrouble: (reason) =>
        logger.warn({ reason }, 'Security webhook failed, retrying each detection'),
    })
  const watchEvents = createWatchEvents({
    thresholds: config.thresholds,
    windows,
    publish: (detections) => publisher.publish(SECURITY_EVENTS_TOPIC, detections),
    notifyOutside: (detection) => webhook?.notify(detection),
    toDetectionId,
    clock,
    onDetection({ id, data }) {
      metrics.suspiciousPatterns.inc({ pattern: data.pattern })
      logger.warn(
        { event: 'suspicious_pattern', detectionId: id, ...data },
        `Suspicious pattern: ${data.pattern}`,
      )
    },
    onEvent: ({ type }, result) =>
      metrics.eventsProcessed.inc({ consumer: 'threat-monitor', type, result }),
  })
  let subscription: Subscription | undefined

  return {
    /** whether the patterns are counted over all replicas */
    isShared,
    /** Resolves when events are being watched. It waits for no Redis. */
    async start() {
      start()
      subscription = await subscriber.subscribe({
        group: 'threat-monitor',
        topics: [SESSION_EVENTS_TOPIC, LOGIN_EVENTS_TOPIC],
        handleBatch: watchEvents,
      })
    },
    async stop() {
      await subscription?.close()
      await webhook?.stop({ drainMs: DRAIN_MS })
      await stop()
    },
  }
}
export type BuiltThreatMonitor = ReturnType<typeof buildThreatMonitor>
